import type { Browser, Page as ChromiumPage } from 'playwright-core'

/** A page in Chromium whose script has put functions there as `genera`. */
export interface Tab<Page extends Functions> {
  readonly page: ChromiumPage
  /** What went wrong in the page outside of calls: exceptions, and errors in the console. */
  readonly complaints: readonly string[]
  /** Calls a function of the page; values and typed arrays travel. What it throws is thrown here, as an `Error` with the same message. */
  call<Name extends keyof Page>(name: Name, ...args: Parameters<Page[Name]>): Promise<Awaited<ReturnType<Page[Name]>>>
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters of a function that nobody calls yet.
type Functions = Readonly<Record<string, (...args: any[]) => unknown>>

export async function openTab<Page extends Functions>(browser: Browser, url: string): Promise<Tab<Page>> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(url)
  await page.waitForFunction(() => 'genera' in globalThis)
  return {
    page,
    complaints,
    // Playwright carries the function's text over, so it can use nothing but its arguments.
    call: (name, ...args) =>
      page.evaluate(
        ({ name, args }) => {
          const { genera } = globalThis as unknown as { genera: Record<string, (...args: unknown[]) => never> }
          return genera[name]?.(...args) as never
        },
        { name: name as string, args: args as unknown[] },
      ),
  }
}

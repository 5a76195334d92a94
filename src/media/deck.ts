import type { Image } from './image.js'

/** Colours as six hexadecimal digits (`'1f3a5f'`), fonts by the name that the presenting machine knows them by. */
export interface DeckTheme {
  readonly background: string
  readonly text: string
  /** Titles, rules and the first series of a chart. */
  readonly accent: string
  /** The further series of a chart. */
  readonly palette: readonly string[]
  readonly headingFont: string
  readonly bodyFont: string
}

export interface Bullet {
  readonly text: string
  /** How far it is indented: 0, 1 or 2. */
  readonly level?: number
}

/** A table's cells, all rows as long as the header. */
export interface DeckTable {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface DeckChart {
  readonly kind: 'bar' | 'line' | 'pie'
  readonly labels: readonly string[]
  /** One value per label; a pie shows the first series only. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
}

/** Every slide has a title, and notes for who speaks if there are any; its layout says what else is on it. */
export type Slide = { readonly title: string; readonly notes?: string } & (
  | { readonly layout: 'title' | 'section'; readonly subtitle?: string }
  | { readonly layout: 'bullets'; readonly bullets: readonly Bullet[]; readonly picture?: Image }
  | { readonly layout: 'picture'; readonly picture: Image; readonly caption?: string }
  | { readonly layout: 'chart'; readonly chart: DeckChart }
  | { readonly layout: 'table'; readonly table: DeckTable }
)

/** Slides of 16:9. */
export interface Deck {
  readonly title: string
  readonly author?: string
  readonly theme?: DeckTheme
  readonly slides: readonly Slide[]
}

/** Dark ink on warm paper; the fonts are on every machine that has an office suite. */
export const paperTheme: DeckTheme = {
  background: 'fbf9f4',
  text: '22262b',
  accent: 'b3402e',
  palette: ['2f6690', 'd9a441', '5b8c5a', '7a5c8e', '9a9a9a'],
  headingFont: 'Georgia',
  bodyFont: 'Calibri',
}

/** Light ink on deep blue, for dark rooms. */
export const nightTheme: DeckTheme = {
  background: '10182b',
  text: 'e8ecf4',
  accent: 'ffb454',
  palette: ['5ccfe6', 'bae67e', 'f28779', 'd4bfff', '8a95a8'],
  headingFont: 'Georgia',
  bodyFont: 'Calibri',
}

interface EndingFacts {
  /** Whether it may be shown on a terminal. */
  readonly text: boolean
  /** Whether the size in pixels matters. */
  readonly sized: boolean
  /** Whether it is of a film: always, where --seconds, --rate or --frames ask for one, or never. */
  readonly film: 'always' | 'asked' | 'never'
}

const picture: EndingFacts = { text: false, sized: true, film: 'never' }
const film: EndingFacts = { text: false, sized: true, film: 'always' }
const sound: EndingFacts = { text: false, sized: false, film: 'always' }

/** What a scene can be made as, by the ending of the file. Apart from the makers, so that a command line is refused before they are loaded. */
export const endings = {
  png: picture,
  jpg: picture,
  jpeg: picture,
  webp: { ...picture, film: 'asked' },
  gif: film,
  mp4: film,
  webm: film,
  wav: sound,
  flac: sound,
  mp3: sound,
  ogg: sound,
  glb: { text: false, sized: false, film: 'never' },
  json: { text: true, sized: true, film: 'asked' },
  txt: { text: true, sized: false, film: 'asked' },
} as const satisfies Record<string, EndingFacts>

export type Ending = keyof typeof endings
export const endingNames = Object.keys(endings) as Ending[]
const those = (fit: (facts: EndingFacts) => boolean): Ending[] => endingNames.filter((ending) => fit(endings[ending]))

/** What of a command line bears on which endings. */
export interface EndingChoices {
  readonly size?: number
  readonly seconds?: number
  readonly frames?: number
  readonly rate?: number
  readonly sheet?: number
  readonly columns?: number
  readonly quality?: number
}

/** Whether a film is made, rather than a still scene. */
export function isFilm(ending: Ending, { seconds, rate, frames }: EndingChoices): boolean {
  const { film } = endings[ending]
  return film === 'always' || (film === 'asked' && (seconds ?? rate ?? frames) !== undefined)
}

/** Options that would have no effect on what is made, each with the endings that it is for. */
export function unfitting(ending: Ending, choices: EndingChoices): { option: keyof EndingChoices; fitting: readonly Ending[] }[] {
  const filmed = isFilm(ending, choices)
  const isSound = endings[ending] === sound
  const pictures: readonly Ending[] = ['png', 'jpg', 'jpeg', 'webp']
  const lossy: readonly Ending[] = ['jpg', 'jpeg', 'webp', 'mp4', 'webm']
  const framed = those((facts) => facts.film !== 'never' && facts !== sound)
  const rules: Record<keyof EndingChoices, readonly [fits: boolean, fitting: readonly Ending[]]> = {
    size: [endings[ending].sized, those(({ sized }) => sized)],
    seconds: [filmed, those(({ film }) => film !== 'never')],
    rate: [filmed && !isSound, framed],
    frames: [filmed && !isSound, framed],
    sheet: [pictures.includes(ending) && !filmed, pictures],
    columns: [pictures.includes(ending) && !filmed, pictures],
    quality: [lossy.includes(ending), lossy],
  }
  return (Object.keys(rules) as (keyof EndingChoices)[]).flatMap((option) => {
    const [fits, fitting] = rules[option]
    return choices[option] === undefined || fits ? [] : [{ option, fitting }]
  })
}

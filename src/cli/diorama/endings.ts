/** What a scene can be made as, by the ending of the file. Apart from the makers, so that a command line is refused before they are loaded. */
export const endings = {
  png: { text: false, kind: 'picture' },
  jpg: { text: false, kind: 'picture' },
  jpeg: { text: false, kind: 'picture' },
  /** A picture, or a film without sound if one is asked for. */
  webp: { text: false, kind: 'picture or film' },
  gif: { text: false, kind: 'film' },
  mp4: { text: false, kind: 'film' },
  webm: { text: false, kind: 'film' },
  wav: { text: false, kind: 'sound' },
  flac: { text: false, kind: 'sound' },
  mp3: { text: false, kind: 'sound' },
  ogg: { text: false, kind: 'sound' },
  glb: { text: false, kind: 'mesh' },
  json: { text: true, kind: 'truth' },
  txt: { text: true, kind: 'caption' },
} as const

export type Ending = keyof typeof endings
export const endingNames = Object.keys(endings) as Ending[]

import { availableParallelism, cpus } from 'node:os'
import { filmRecords } from '../../src/diorama/film-records.js'
import { captionOf } from '../../src/diorama/language/caption.js'
import { playStory } from '../../src/diorama/motion/play.js'
import { sampleStory } from '../../src/diorama/motion/sample.js'
import { sceneRecords } from '../../src/diorama/records.js'
import { renderScene } from '../../src/diorama/render/render-scene.js'
import { sampleScene } from '../../src/diorama/sample.js'
import { soundOf } from '../../src/diorama/sound/sound.js'
import { diorama } from '../../src/diorama/worlds.js'
import { key } from '../../src/graph/random/index.js'
import { pace } from './pace.js'
import { measureEmbeddedReader } from './reader.js'
import { measureRoundTrips } from './round-trip.js'

/** Everything that the procedural world and the media promise in figures. Paces are those of one thread, warm, over `diorama.full`. */
export async function measureDiorama(report: (line: string) => void): Promise<Record<string, unknown>> {
  const say = <T>(what: string, value: T): T => {
    report(`${what}: ${JSON.stringify(value)}`)
    return value
  }
  const scenes = Array.from({ length: 256 }, (_, seed) => sampleScene(seed, diorama.full))
  const scene = (turn: number) => scenes[turn % scenes.length] as (typeof scenes)[number]
  const pictures = (size: number) => pace((turn) => renderScene(scene(turn), { width: size, height: size }))
  const picturesPerSecond64 = say('picturesPerSecond64', pictures(64))
  const picturesPerSecond256 = say('picturesPerSecond256', pictures(256))

  // What training asks for: sample, render, describe.
  const whole = (world: 'simple' | 'full') => sceneRecords({ world, seed: 1, split: 'train', size: 64, kinds: ['image', 'caption'] })
  const [simple, full] = [whole('simple'), whole('full')]
  const recordsPerSecond64 = say('recordsPerSecond64', { simple: pace(simple), full: pace(full) })

  const film = filmRecords({ world: 'full', seed: 1, split: 'all', size: 64, frames: 16, sampleRate: 24_000, kinds: ['video'] })
  const videosPerSecond = say('videosPerSecond', pace(film))

  const films = Array.from({ length: 24 }, (_, seed) => playStory(sampleStory(seed, diorama.full)))
  const meanLength = films.reduce((sum, { duration }) => sum + duration, 0) / films.length
  const soundsPerSecond = pace((turn) => soundOf(films[turn % films.length] as (typeof films)[number]))
  const soundSecondsPerSecond = say('soundSecondsPerSecond', soundsPerSecond * meanLength)

  const captionsPerSecond = say(
    'captionsPerSecond',
    pace((turn) => captionOf(scene(turn), key(turn), { split: 'train' })),
  )
  const reader = say('reader', await measureEmbeddedReader())
  const roundTrip = say('roundTrip', await measureRoundTrips())
  return {
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, Node ${process.version}`,
    picturesPerSecond64,
    picturesPerSecond256,
    recordsPerSecond64,
    videosPerSecond,
    soundSecondsPerSecond,
    captionsPerSecond,
    // Of the world that the embedded models are trained and judged on; `reader` holds the harder one beside it.
    readerAccuracy: reader?.simple.attributes ?? null,
    reader,
    roundTrip,
  }
}

/** What the sheet shows: single things, pairs that stand in a relation, and words of size, material, place and light. */
export const prompts = [
  'a red cube left of a shiny blue sphere at sunset',
  'a large green cone in a meadow',
  'a small yellow sphere on top of a blue cube',
  'a purple torus in the snow',
  'an orange pyramid behind a cyan cylinder in the desert',
  'a shiny metal sphere in a studio',
  'a white cube right of a black cylinder',
  'a big pink pyramid at sunset in the snow',
  'a metal green torus in front of a red cone',
  'a small black cube in the desert at sunset',
  'a yellow cylinder and a purple sphere in a meadow',
  'a blue cone left of an orange torus in a studio',
]

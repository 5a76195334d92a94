/** What the sheet shows: single things, pairs that stand in a relation, and words of style, place and light. */
export const prompts = [
  'a red cube left of a shiny blue sphere at sunset',
  'a large green cone on a beach',
  'a small yellow sphere on top of a blue cube',
  'a glass cylinder in the snow',
  'a purple torus behind an orange cone in the desert',
  'an oil painting of a red sphere in a meadow',
  'a white cube right of a black cylinder in a studio',
  'a pencil sketch of a pyramid',
  'a metal sphere in front of a green cube',
  'a pink cone in the night city',
  'pixel art of a blue cylinder at night',
  'two yellow spheres and a red pyramid',
]

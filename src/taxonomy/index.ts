/** Which systems there are, what is true of each, and the ways between modalities. */
export { builtSystems, type LoadSystem } from './built.js'
export { type FollowOptions, follow, partOf, type RouteEvent } from './follow.js'
export { type Given, placeInputs } from './place.js'
export { type BuiltSystems, builtIds, findCard, findSystem, type ListedSystem, listSystems, type SystemState, stateOf } from './registry.js'
export { describeRoute, type Route, type RouteOptions, routeFor, routesBetween, type Step } from './routes.js'

/** Repositories of published weights: fetched, checked, and kept where the hub's own library keeps them. */
export type { CachedRepository, CacheFault, Removed } from './cache-contents.js'
export { type Hub, type HubPlan, openHub, type PlannedFile, type PlanOptions, type PullEvent } from './hub.js'
export { HubError, type HubErrorCode } from './hub-error.js'
export type { Digest, HubFile, Licence } from './listing.js'
export { type HubReference, looksLikeRepository, parseHubReference } from './reference.js'
export type { HubOptions } from './settings.js'

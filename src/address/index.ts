/** What an address is: its text and its bytes, the network that it belongs to, its priority. Pure. */
export { formatAddress, formatEndpoint, packEndpoint, parseAddress, parseEndpoint } from './endpoint.ts'
export { canonicalPriority } from './priority.ts'
export { type Family, mayCross, Scope, scopeOf } from './ranges.ts'

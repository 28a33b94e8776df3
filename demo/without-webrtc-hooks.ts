/**
 * Module hooks (see `without-webrtc.ts`): whoever imports `webrtc-polyfill` gets empty classes in its place.
 */
interface Resolution {
  readonly url: string
  readonly shortCircuit?: boolean
}

type NextResolve = (specifier: string, context: unknown) => Promise<Resolution>

/** The names that WebTorrent's dependencies import. */
const names = ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate']
const stub = `data:text/javascript,${encodeURIComponent(names.map((name) => `export class ${name} {}`).join('\n'))}`

export async function resolve(specifier: string, context: unknown, nextResolve: NextResolve): Promise<Resolution> {
  return specifier === 'webrtc-polyfill' ? { url: stub, shortCircuit: true } : nextResolve(specifier, context)
}

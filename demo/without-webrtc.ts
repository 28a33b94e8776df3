/**
 * Makes WebTorrent start where its native WebRTC module is not installed: given to Node by `--import`, it registers the hooks
 * of `without-webrtc-hooks.ts`. The clients of the demonstration speak TCP only, and would not use WebRTC anyway.
 */
import { register } from 'node:module'

register('./without-webrtc-hooks.js', import.meta.url)

/** An extended handshake that says nothing: tests add what they mean. */
import type { ExtendedHandshake } from '../src/codec/handshake.ts'

export const nothingSaid: ExtendedHandshake = {
  utPex: undefined,
  utHolepunch: undefined,
  port: undefined,
  encryption: undefined,
  uploadOnly: undefined,
  yourIp: undefined,
  client: undefined,
}

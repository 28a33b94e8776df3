/** Peer exchange for WebTorrent in one line: `ut_pex/webtorrent`. */

export { type Attachment, type AttachOptions, attach } from './attach.ts'

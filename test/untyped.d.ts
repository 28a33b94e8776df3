/**
 * Packages that come without types. What they export is `any` here: tests that need more describe the part that they use.
 */
declare module 'bencode'
declare module 'bittorrent-protocol'
declare module 'ut_pex5'
declare module 'webtorrent'

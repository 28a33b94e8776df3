import { createHash } from 'node:crypto'
import bencode from 'bencode'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../demo/memory-store.ts'
import { PacedStore } from '../../demo/paced-store.ts'
import { dataOfKey, digestOf, makeTorrent } from '../../demo/torrent.ts'
import { resolve } from '../../demo/without-webrtc-hooks.ts'

const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest()

describe('the torrent', () => {
  test.each([1, 65_536, 65_537, 200_000])('of %i bytes describes its data, without trackers and not private', (byteLength) => {
    const torrent = makeTorrent(byteLength)
    const { info, ...others } = bencode.decode(torrent.file)
    expect(others).toEqual({})
    expect(Object.keys(info)).toEqual(['length', 'name', 'piece length', 'pieces'])
    const data = dataOfKey(torrent.key, byteLength)
    expect(info.length).toBe(data.length)
    const hashes: Buffer[] = []
    for (let start = 0; start < byteLength; start += info['piece length'])
      hashes.push(sha1(data.subarray(start, start + info['piece length'])))
    expect(Buffer.from(info.pieces).equals(Buffer.concat(hashes))).toBe(true)
    expect(Buffer.from(bencode.encode({ info })).equals(torrent.file)).toBe(true)
    expect(torrent.digest).toBe(createHash('sha256').update(data).digest('hex'))
  })

  test('is another one each time, and the key alone makes the data', () => {
    const [one, two] = [makeTorrent(100), makeTorrent(100)]
    expect(one.digest).not.toBe(two.digest)
    expect(digestOf([dataOfKey(one.key, 100)])).toBe(one.digest)
  })
})

const read = (store: MemoryStore, index: number, range?: { offset?: number; length?: number }): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    store.get(index, range, (error, bytes) => (bytes ? resolve(bytes) : reject(error ?? new Error('neither bytes nor an error')))),
  )

describe('the store', () => {
  test('gives back chunks and parts of them, and an error for one that is not there', async () => {
    const store = new MemoryStore(4, Uint8Array.of(0, 1, 2, 3, 4, 5))
    expect([...(await read(store, 0))]).toEqual([0, 1, 2, 3])
    expect([...(await read(store, 0, { offset: 1, length: 2 }))]).toEqual([1, 2])
    expect([...(await read(store, 0, { offset: 2 }))]).toEqual([2, 3])
    expect([...(await read(store, 1))]).toEqual([4, 5])
    await expect(read(store, 2)).rejects.toThrow('chunk 2')
    await new Promise((resolve) => store.put(2, Uint8Array.of(6), resolve))
    expect(digestOf(store.chunks())).toBe(digestOf([Uint8Array.of(0, 1, 2, 3, 4, 5, 6)]))
  })

  test('takes a reader without a range, as WebTorrent may call it', async () => {
    const store = new PacedStore(4, Uint8Array.of(7))
    expect([...(await new Promise<Uint8Array>((resolve) => store.get(0, (_error, bytes) => resolve(bytes!))))]).toEqual([7])
  })

  test('that is slowed down reads in order, one at a time, until it may hurry', async () => {
    const store = new PacedStore(2, Uint8Array.of(0, 1, 2, 3, 4, 5))
    store.pace(2)
    const order: number[] = []
    const reads = [2, 0, 1].map((index) => read(store, index).then(() => order.push(index)))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(order).toEqual([2])
    store.pace(Number.POSITIVE_INFINITY)
    await Promise.all(reads)
    expect(order).toEqual([2, 0, 1])
  })

  test('that is slowed down reads so many bytes a second', async () => {
    const store = new PacedStore(1000, new Uint8Array(3000))
    store.pace(20_000)
    const since = performance.now()
    await Promise.all([read(store, 0), read(store, 1), read(store, 2, { length: 100 })])
    expect(performance.now() - since).toBeGreaterThanOrEqual(95)
  })
})

test('WebRTC is replaced by a module with the names that are imported of it, and nothing else is', async () => {
  const next = async (specifier: string): Promise<{ url: string }> => ({ url: `next:${specifier}` })
  const { url } = await resolve('webrtc-polyfill', {}, next)
  expect(Object.keys(await import(/* @vite-ignore */ url)).sort()).toEqual([
    'RTCIceCandidate',
    'RTCPeerConnection',
    'RTCSessionDescription',
  ])
  expect(await resolve('webtorrent', {}, next)).toEqual({ url: 'next:webtorrent' })
})

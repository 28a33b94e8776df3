"""One libtorrent client with one torrent: prints a line of JSON with the addresses that it is connected to, when they change.

The argument is a JSON object: torrent (a file), folder, listen, encrypted. It ends when its input ends, or by a signal.
"""
import json
import select
import sys
import time

import libtorrent as lt


def settings(options):
    policy = int(lt.enc_policy.forced if options['encrypted'] else lt.enc_policy.disabled)
    return {
        'listen_interfaces': options['listen'],
        'enable_dht': False,
        'enable_lsd': False,
        'enable_upnp': False,
        'enable_natpmp': False,
        'enable_outgoing_utp': False,
        'enable_incoming_utp': False,
        'out_enc_policy': policy,
        'in_enc_policy': policy,
        'allowed_enc_level': int(lt.enc_level.rc4 if options['encrypted'] else lt.enc_level.both),
        'prefer_rc4': options['encrypted'],
        'connections_limit': 500,
        'alert_mask': 0xFFFFFFFF,
        'alert_queue_size': 100000,
    }


def report(session, handle, before):
    for alert in session.pop_alerts():
        if alert.what() in ('peer_log', 'peer_connect', 'peer_disconnected', 'listen_succeeded', 'listen_failed'):
            print('%.3f %s' % (time.monotonic(), alert.message()), file=sys.stderr)
    connecting = lt.peer_info.connecting | lt.peer_info.handshake
    peers = sorted(peer.ip[0] for peer in handle.get_peer_info() if not peer.flags & connecting)
    now = {'listening': session.is_listening(), 'peers': peers, 'progress': handle.status().progress}
    if now != before:
        print(json.dumps(now), flush=True)
    return now


def main():
    options = json.loads(sys.argv[1])
    session = lt.session(settings(options))
    handle = session.add_torrent({'ti': lt.torrent_info(options['torrent']), 'save_path': options['folder']})
    handle.unset_flags(lt.torrent_flags.auto_managed)
    handle.resume()
    before = None
    while True:
        before = report(session, handle, before)
        readable, _, _ = select.select([sys.stdin], [], [], 0.2)
        if readable and not sys.stdin.readline():
            break


main()

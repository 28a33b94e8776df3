// What a C++ client does with ut_pex messages: the yardstick of `npm run bench:cpp`.
//
// Usage: reference <stream>, a file of messages, each behind its length (4 bytes, big-endian), that can be read again from the
// first one when the last has been read. Then, on standard input, one line for each piece of work: "<name> <count>"; each is
// answered with "<nanoseconds of CPU time for one> <checksum>".
//
//     decode    the contacts of a message become endpoints of Boost.Asio's types, which libtorrent uses, in a vector, which are added up
//     scan      they are added up where they lie: no program could use that, it is the floor
//     receive   dropped contacts leave a sorted vector, added ones that may be dialled enter it, if they are not in it
//     encode    a message is made of the peers that a torrent has and the endpoints that were told a minute ago
//     print     the message that `encode` makes after `count` others, in hexadecimal, instead of a checksum
//
// The steps, and the containers that they work on, are those of libtorrent 2.0.8's own extension, and its bencode is called. Receiving:
// one sorted vector of pairs (address, port) for each family, searched by bisection; a dropped contact is erased, an added one is
// inserted unless it is there, is local although its sender is not, or there are as many as may be. Sending, once a minute for all
// peers of a torrent: the torrent's peers are looked through; those that others may dial go into a fresh std::set of endpoints, which
// is what will have been told, and are written if the last minute's set lacks them; what is left in that one has gone. The endpoints
// and flags are appended byte by byte to the strings of an entry, which is bencoded.
//
// What is left out on both sides is what follows: the list of peers that a torrent may dial, and the socket.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <libtorrent/bdecode.hpp>
#include <libtorrent/bencode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/socket.hpp>

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using boost::asio::ip::tcp;

// The same bounds as ours, so that both keep the same contacts.
constexpr std::size_t max_claims = 200;
constexpr int max_added = 100;
// Peers that have not told on which port they listen. Ours tells as many.
constexpr std::size_t silent_peers = 100;

struct contact {
  tcp::endpoint at;
  unsigned char flags;
};

struct peer {
  contact known_as;
  bool is_connectable;
};

// A contact as it is kept of a source.
template <typename Address>
using claim = std::pair<typename Address::bytes_type, std::uint16_t>;
template <typename Address>
using claims_of = std::vector<claim<Address>>;

struct claims {
  claims_of<address_v4> v4;
  claims_of<address_v6> v6;
};

std::uint32_t checksum = 0;

template <std::size_t N>
void add_up(std::array<unsigned char, N> const& bytes, std::uint16_t port, unsigned char flags) {
  for (std::size_t i = 0; i < N; i += 4) {
    checksum += static_cast<std::uint32_t>(bytes[i]) << 24 | static_cast<std::uint32_t>(bytes[i + 1]) << 16 |
                static_cast<std::uint32_t>(bytes[i + 2]) << 8 | bytes[i + 3];
  }
  checksum += port;
  checksum += flags;
}

// Calls `visit` with address, port and flags of each contact; flags are 0 where there is not one byte for each.
template <typename Address, typename Visit>
void for_each_contact(lt::string_view list, lt::string_view flags, Visit visit) {
  typename Address::bytes_type bytes;
  auto const* at = reinterpret_cast<unsigned char const*>(list.data());
  std::size_t const count = list.size() / (bytes.size() + 2);
  bool const has_flags = flags.size() == count;
  for (std::size_t i = 0; i < count; ++i) {
    std::copy(at, at + bytes.size(), bytes.begin());
    at += bytes.size();
    auto const port = static_cast<std::uint16_t>(at[0] << 8 | at[1]);
    at += 2;
    visit(bytes, port, has_flags ? static_cast<unsigned char>(flags[i]) : static_cast<unsigned char>(0));
  }
}

lt::string_view string_of(lt::bdecode_node const& message, char const* key) {
  lt::bdecode_node const node = message.dict_find_string(key);
  return node ? node.string_value() : lt::string_view();
}

bool parse(std::string const& bytes, lt::bdecode_node& message) {
  lt::error_code ec;
  return lt::bdecode(bytes.data(), bytes.data() + bytes.size(), message, ec) == 0 && message.type() == lt::bdecode_node::dict_t;
}

// The visits of both families are two.
template <typename Visit4, typename Visit6>
void for_each_in(std::string const& bytes, Visit4 visit4, Visit6 visit6) {
  lt::bdecode_node message;
  if (!parse(bytes, message)) return;
  for_each_contact<address_v4>(string_of(message, "added"), string_of(message, "added.f"), visit4);
  for_each_contact<address_v4>(string_of(message, "dropped"), {}, visit4);
  for_each_contact<address_v6>(string_of(message, "added6"), string_of(message, "added6.f"), visit6);
  for_each_contact<address_v6>(string_of(message, "dropped6"), {}, visit6);
}

void scan(std::string const& bytes) {
  for_each_in(bytes, add_up<4>, add_up<16>);
}

void decode(std::string const& bytes) {
  std::vector<contact> contacts;
  for_each_in(
      bytes,
      [&](auto const& from, auto port, auto flags) { contacts.push_back({tcp::endpoint(address_v4(from), port), flags}); },
      [&](auto const& from, auto port, auto flags) { contacts.push_back({tcp::endpoint(address_v6(from), port), flags}); });
  for (contact const& c : contacts) {
    if (c.at.address().is_v4()) add_up(c.at.address().to_v4().to_bytes(), c.at.port(), c.flags);
    else add_up(c.at.address().to_v6().to_bytes(), c.at.port(), c.flags);
  }
}

// Of this network or of this host.
bool is_local(address_v4 const& a) {
  std::uint32_t const ip = a.to_uint();
  return (ip & 0xff000000) == 0x0a000000 || (ip & 0xfff00000) == 0xac100000 || (ip & 0xffff0000) == 0xc0a80000 ||
         (ip & 0xffff0000) == 0xa9fe0000 || (ip & 0xff000000) == 0x7f000000;
}
bool is_local(address_v6 const& a) {
  return a.is_loopback() || a.is_link_local() || a.is_multicast_link_local() || a.is_site_local() || (a.to_bytes()[0] & 0xfe) == 0xfc;
}

template <typename Address>
void receive_lists(claims_of<Address>& known, lt::string_view added, lt::string_view flags, lt::string_view dropped) {
  for_each_contact<Address>(dropped, {}, [&](auto const& bytes, auto port, auto) {
    claim<Address> const gone(bytes, port);
    auto const place = std::lower_bound(known.begin(), known.end(), gone);
    if (place != known.end() && *place == gone) known.erase(place);
  });
  for_each_contact<Address>(added, flags, [&](auto const& bytes, auto port, auto flags_of) {
    if (known.size() >= max_claims) return;
    tcp::endpoint const at(Address(bytes), port);
    if (at.port() == 0 || is_local(Address(bytes))) return;
    claim<Address> const come(bytes, port);
    auto const place = std::lower_bound(known.begin(), known.end(), come);
    if (place != known.end() && *place == come) return;
    known.insert(place, come);
    checksum += flags_of;
  });
}

void receive(claims& known, std::string const& bytes) {
  lt::bdecode_node message;
  if (!parse(bytes, message)) return;
  receive_lists<address_v4>(known.v4, string_of(message, "added"), string_of(message, "added.f"), string_of(message, "dropped"));
  receive_lists<address_v6>(known.v6, string_of(message, "added6"), string_of(message, "added6.f"), string_of(message, "dropped6"));
}

template <typename Out>
void write_number(std::uint64_t value, int byte_count, Out& out) {
  for (int shift = 8 * (byte_count - 1); shift >= 0; shift -= 8) *out++ = static_cast<char>(value >> shift & 0xff);
}

template <typename Out>
void write_endpoint(tcp::endpoint const& at, Out& out) {
  if (at.address().is_v4()) {
    write_number(at.address().to_v4().to_uint(), 4, out);
  } else {
    for (unsigned char const byte : at.address().to_v6().to_bytes()) *out++ = static_cast<char>(byte);
  }
  write_number(at.port(), 2, out);
}

// Makes the message of a minute. `told` is what has been told so far, and is brought up to date.
void encode(std::vector<peer> const& peers, std::set<tcp::endpoint>& told, std::vector<char>& bytes) {
  lt::entry message;
  std::back_insert_iterator<std::string> added(message["added"].string());
  std::back_insert_iterator<std::string> flags(message["added.f"].string());
  std::back_insert_iterator<std::string> dropped(message["dropped"].string());
  std::back_insert_iterator<std::string> added6(message["added6"].string());
  std::back_insert_iterator<std::string> flags6(message["added6.f"].string());
  std::back_insert_iterator<std::string> dropped6(message["dropped6"].string());
  std::set<tcp::endpoint> gone;
  gone.swap(told);
  int count = 0;
  for (peer const& p : peers) {
    if (!p.is_connectable) continue;
    tcp::endpoint const at = p.known_as.at;
    told.insert(at);
    auto const place = gone.find(at);
    if (place != gone.end()) {
      gone.erase(place);
      continue;
    }
    if (++count > max_added) break;
    bool const is_v4 = at.address().is_v4();
    write_endpoint(at, is_v4 ? added : added6);
    write_number(p.known_as.flags, 1, is_v4 ? flags : flags6);
  }
  for (tcp::endpoint const& at : gone) write_endpoint(at, at.address().is_v4() ? dropped : dropped6);
  bytes.clear();
  lt::bencode(std::back_inserter(bytes), message);
}

// The peers of a torrent a minute after the message before: those that this one adds, between others that nobody can dial.
std::vector<peer> peers_of(std::string const& bytes) {
  std::vector<peer> peers;
  lt::bdecode_node message;
  if (!parse(bytes, message)) return peers;
  auto const add = [&](auto const& address, auto port, auto flags) { peers.push_back({{tcp::endpoint(address, port), flags}, true}); };
  for_each_contact<address_v4>(string_of(message, "added"), string_of(message, "added.f"),
                               [&](auto const& from, auto port, auto flags) { add(address_v4(from), port, flags); });
  for_each_contact<address_v6>(string_of(message, "added6"), string_of(message, "added6.f"),
                               [&](auto const& from, auto port, auto flags) { add(address_v6(from), port, flags); });
  std::size_t const count = peers.size();
  for (std::size_t i = 0; i < silent_peers; ++i) {
    auto const place = peers.begin() + static_cast<std::ptrdiff_t>(i % count + i);
    peers.insert(place, {{tcp::endpoint(address_v4(0x5a000000 + static_cast<std::uint32_t>(i)), 50000), 0}, false});
  }
  return peers;
}

std::vector<std::string> read_stream(char const* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> messages;
  unsigned char head[4];
  while (file.read(reinterpret_cast<char*>(head), 4)) {
    std::string bytes(static_cast<std::size_t>(head[0]) << 24 | static_cast<std::size_t>(head[1]) << 16 |
                          static_cast<std::size_t>(head[2]) << 8 | head[3],
                      '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    messages.push_back(std::move(bytes));
  }
  return messages;
}

double cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::string> const messages = read_stream(argv[1]);
  if (messages.empty()) return 2;
  std::vector<std::vector<peer>> minutes;
  for (std::string const& bytes : messages) minutes.push_back(peers_of(bytes));
  claims known;
  std::set<tcp::endpoint> told;
  std::vector<char> written;
  // Each piece of work goes on where it stopped.
  std::size_t turns[4] = {0, 0, 0, 0};
  std::string name;
  long count = 0;
  while (std::cin >> name >> count) {
    checksum = 0;
    int const work = name == "decode" ? 0 : name == "scan" ? 1 : name == "receive" ? 2 : 3;
    double const start = cpu_nanoseconds();
    for (long i = 0; i < count; ++i) {
      std::size_t const turn = turns[work]++ % messages.size();
      if (work == 0) decode(messages[turn]);
      else if (work == 1) scan(messages[turn]);
      else if (work == 2) receive(known, messages[turn]);
      else encode(minutes[turn], told, written);
    }
    double const each = (cpu_nanoseconds() - start) / static_cast<double>(count);
    if (work == 2) checksum = static_cast<std::uint32_t>(known.v4.size() + known.v6.size());
    if (work == 3) checksum = static_cast<std::uint32_t>(written.size());
    if (name == "print") {
      for (char const byte : written) std::printf("%02x", static_cast<unsigned char>(byte));
      std::printf(" 0\n");
    } else {
      std::printf("%.3f %u\n", each, checksum);
    }
    std::fflush(stdout);
  }
}

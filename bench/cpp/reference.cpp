// What a C++ client does with one ut_pex message, on libtorrent's bencode: the yardstick of `npm run bench:cpp`.
//
// Usage: reference <message> <message>, two files that add and drop the same contacts in turns. Then, on standard input, one
// line for each piece of work: "<name> <count>"; each is answered with "<nanoseconds of CPU time for one> <checksum>".
//
//     decode    the contacts of a message become endpoints of Boost.Asio's types, which libtorrent uses, in a vector, which are added up
//     scan      they are added up where they lie: no program could use that, it is the floor
//     receive   dropped contacts leave a sorted vector, added ones that may be dialled enter it, if they are not in it
//     encode    a message is written from two vectors of contacts
//     print     the message that `encode` writes, in hexadecimal, instead of a checksum

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <libtorrent/bdecode.hpp>
#include <libtorrent/bencode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/socket.hpp>

namespace {

template <std::size_t N>
struct contact {
  std::array<unsigned char, N> address;
  std::uint16_t port;
  unsigned char flags;
  bool operator<(contact const& other) const {
    return address != other.address ? address < other.address : port < other.port;
  }
  bool operator==(contact const& other) const { return address == other.address && port == other.port; }
};

template <std::size_t N>
using contacts = std::vector<contact<N>>;

struct lists {
  contacts<4> v4;
  contacts<16> v6;
};

std::uint32_t checksum = 0;

template <std::size_t N, typename Visit>
void for_each_contact(lt::string_view list, lt::string_view flags, Visit visit) {
  auto const* at = reinterpret_cast<unsigned char const*>(list.data());
  std::size_t const count = list.size() / (N + 2);
  bool const has_flags = flags.size() == count;
  for (std::size_t i = 0; i < count; ++i, at += N + 2) {
    contact<N> c;
    std::copy(at, at + N, c.address.begin());
    c.port = static_cast<std::uint16_t>(at[N] << 8 | at[N + 1]);
    c.flags = has_flags ? static_cast<unsigned char>(flags[i]) : 0;
    visit(c);
  }
}

template <std::size_t N>
void sum(contact<N> const& c) {
  for (std::size_t i = 0; i < N; i += 4) {
    checksum += static_cast<std::uint32_t>(c.address[i]) << 24 | static_cast<std::uint32_t>(c.address[i + 1]) << 16 |
                static_cast<std::uint32_t>(c.address[i + 2]) << 8 | c.address[i + 3];
  }
  checksum += c.port;
  checksum += c.flags;
}

lt::string_view string_of(lt::bdecode_node const& message, char const* key) {
  lt::bdecode_node const node = message.dict_find_string(key);
  return node ? node.string_value() : lt::string_view();
}

bool parse(std::string const& bytes, lt::bdecode_node& message) {
  lt::error_code ec;
  int position = 0;
  return lt::bdecode(bytes.data(), bytes.data() + bytes.size(), message, ec, &position) == 0 &&
         message.type() == lt::bdecode_node::dict_t;
}

struct endpoint {
  boost::asio::ip::tcp::endpoint at;
  unsigned char flags;
};

void append(std::vector<endpoint>& to, contact<4> const& c) {
  to.push_back({boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4(c.address), c.port), c.flags});
}
void append(std::vector<endpoint>& to, contact<16> const& c) {
  to.push_back({boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v6(c.address), c.port), c.flags});
}

template <typename Visit>
void for_each_in(std::string const& bytes, Visit visit) {
  lt::bdecode_node message;
  if (!parse(bytes, message)) return;
  for_each_contact<4>(string_of(message, "added"), string_of(message, "added.f"), visit);
  for_each_contact<4>(string_of(message, "dropped"), {}, visit);
  for_each_contact<16>(string_of(message, "added6"), string_of(message, "added6.f"), visit);
  for_each_contact<16>(string_of(message, "dropped6"), {}, visit);
}

void scan(std::string const& bytes) {
  for_each_in(bytes, [](auto const& c) { sum(c); });
}

void decode(std::string const& bytes) {
  std::vector<endpoint> endpoints;
  for_each_in(bytes, [&](auto const& c) { append(endpoints, c); });
  for (endpoint const& e : endpoints) {
    if (e.at.address().is_v4()) sum(contact<4>{e.at.address().to_v4().to_bytes(), e.at.port(), e.flags});
    else sum(contact<16>{e.at.address().to_v6().to_bytes(), e.at.port(), e.flags});
  }
}

// Nobody dials this network, this host or a group, nor the first ports.
bool may_be_dialled(contact<4> const& c) {
  return c.port > 1 && c.address[0] != 0 && c.address[0] != 127 && c.address[0] < 224;
}
bool may_be_dialled(contact<16> const& c) {
  return c.port > 1 && c.address[0] != 0xff && std::any_of(c.address.begin(), c.address.end() - 1, [](auto b) { return b != 0; });
}

template <std::size_t N>
void receive_lists(contacts<N>& claims, lt::string_view added, lt::string_view flags, lt::string_view dropped) {
  for_each_contact<N>(dropped, {}, [&](contact<N> const& c) {
    auto const place = std::lower_bound(claims.begin(), claims.end(), c);
    if (place != claims.end() && *place == c) claims.erase(place);
  });
  for_each_contact<N>(added, flags, [&](contact<N> const& c) {
    if (!may_be_dialled(c) || claims.size() >= 200) return;
    auto const place = std::lower_bound(claims.begin(), claims.end(), c);
    if (place == claims.end() || !(*place == c)) claims.insert(place, c);
  });
}

void receive(lists& claims, std::string const& bytes) {
  lt::bdecode_node message;
  if (!parse(bytes, message)) return;
  receive_lists<4>(claims.v4, string_of(message, "added"), string_of(message, "added.f"), string_of(message, "dropped"));
  receive_lists<16>(claims.v6, string_of(message, "added6"), string_of(message, "added6.f"), string_of(message, "dropped6"));
  checksum = static_cast<std::uint32_t>(claims.v4.size() + claims.v6.size());
}

template <std::size_t N>
void write_list(lt::entry& message, char const* key, char const* flags_key, contacts<N> const& list) {
  if (list.empty()) return;
  std::string& text = message[key].string();
  std::back_insert_iterator<std::string> out(text);
  for (contact<N> const& c : list) {
    for (unsigned char const byte : c.address) *out++ = static_cast<char>(byte);
    *out++ = static_cast<char>(c.port >> 8);
    *out++ = static_cast<char>(c.port & 0xff);
  }
  if (flags_key == nullptr) return;
  std::string& flags = message[flags_key].string();
  for (contact<N> const& c : list) flags.push_back(static_cast<char>(c.flags));
}

std::vector<char> encode(lists const& added, lists const& dropped) {
  lt::entry message;
  write_list<4>(message, "added", "added.f", added.v4);
  write_list<16>(message, "added6", "added6.f", added.v6);
  write_list<4>(message, "dropped", nullptr, dropped.v4);
  write_list<16>(message, "dropped6", nullptr, dropped.v6);
  std::vector<char> bytes;
  lt::bencode(std::back_inserter(bytes), message);
  return bytes;
}

lists lists_of(std::string const& bytes, char const* key4, char const* flags4, char const* key6, char const* flags6) {
  lt::bdecode_node message;
  lists read;
  if (!parse(bytes, message)) return read;
  for_each_contact<4>(string_of(message, key4), string_of(message, flags4), [&](auto const& c) { read.v4.push_back(c); });
  for_each_contact<16>(string_of(message, key6), string_of(message, flags6), [&](auto const& c) { read.v6.push_back(c); });
  return read;
}

std::string read_file(char const* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

double cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::string const messages[2] = {read_file(argv[1]), read_file(argv[2])};
  lists const added = lists_of(messages[0], "added", "added.f", "added6", "added6.f");
  lists const dropped = lists_of(messages[0], "dropped", "", "dropped6", "");
  lists claims;
  std::string name;
  long count = 0;
  while (std::cin >> name >> count) {
    checksum = 0;
    double const start = cpu_nanoseconds();
    for (long i = 0; i < count; ++i) {
      if (name == "decode") decode(messages[i & 1]);
      else if (name == "scan") scan(messages[i & 1]);
      else if (name == "receive") receive(claims, messages[i & 1]);
      else checksum += static_cast<std::uint32_t>(encode(added, dropped).size());
    }
    double const each = (cpu_nanoseconds() - start) / static_cast<double>(count);
    if (name == "print") {
      for (char const byte : encode(added, dropped)) std::printf("%02x", static_cast<unsigned char>(byte));
      std::printf(" 0\n");
    } else {
      std::printf("%.3f %u\n", each, checksum);
    }
    std::fflush(stdout);
  }
}

#!/bin/bash
# The parts of run.sh that run inside the clean system: the sources are at /src, what is built goes to /build.
set -euo pipefail
cd /

install_packages() { apt-get install -qq -y --no-install-recommends "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; false; }; }

fail() {
  echo "FAILED: $*"
  exit 1
}

# Everything that packages could leave behind: paths, accounts, and what dpkg knows. The copies of /etc/shadow and the lock
# are those of the tools that change accounts.
state() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /src -o -path /build -o -path /var/log \
    -o -path /var/cache -o -path /var/lib/apt -o -path '/etc/*shadow-' -o -path /run/adduser \) -prune -o -print | sort
  getent passwd
  getent group
  dpkg-query -W
}

# The first whole program of README.
readme_program() {
  awk '/^```cpp/ { text = ""; inside = 1; next }
       /^```/ { if (inside && text ~ /int main/) { print text; exit } inside = 0 }
       inside { text = text $0 "\n" }' /src/README.md
}

# With the packages that README names as the least, configuring leaves out tests, daemon and command, in one line each.
build() {
  echo "== The least packages: g++ cmake make libboost-dev"
  apt-get update -qq
  install_packages g++ cmake make libboost-dev
  cmake -S /src -B /build >/tmp/configured 2>&1 || { cat /tmp/configured; fail "configuring"; }
  grep 'left out' /tmp/configured
  [ "$(grep -c 'left out' /tmp/configured)" -eq 3 ] || fail "other than three things are left out"
  if grep -i warning /tmp/configured; then fail "configuring warns"; fi
  echo "== With dpkg-dev file: the packages of the library and of multiping-packet"
  install_packages dpkg-dev file
  cmake --build /build --target package >/tmp/built 2>&1 || { tail -n 40 /tmp/built; fail "building"; }
  [ "$(find /build -maxdepth 1 -name '*.deb' | wc -l)" -eq 3 ] || fail "other packages than these three"

  echo "== With pkg-config libseccomp-dev libcli11-dev: the daemon's too; with libfmt-dev and others the command's"
  install_packages pkg-config libseccomp-dev libcli11-dev adduser
  install_packages libfmt-dev nlohmann-json3-dev libncurses-dev libcap2-bin
  cmake --build /build --target package >/tmp/built 2>&1 || { tail -n 40 /tmp/built; fail "building"; }
  state >/tmp/before
}

# The ways to the installed library; what is compiled here runs in serve().
install() {
  echo "== Installing"
  ls /build/*.deb
  install_packages /build/*.deb
  getent passwd multiping >/dev/null || fail "the account was not made"

  echo "== Programs are compiled with them"
  mkdir -p /tmp/programs
  cd /tmp/programs
  readme_program >readme.cpp
  # The options are words on purpose.
  # shellcheck disable=SC2046
  g++ -std=c++20 -Wall -Wextra -Werror readme.cpp -o readme $(pkg-config --cflags --libs multiping)
  mkdir -p debian
  printf 'Source: readme\n\nPackage: readme\nArchitecture: any\n' >debian/control
  dpkg-shlibdeps -O readme | tee depends
  grep -q 'libmultiping[0-9.]* (>= [0-9.]*' depends || fail "a program's package would not depend on the library's"
  # shellcheck disable=SC2046
  g++ -std=c++20 -static-libstdc++ readme.cpp -o readme_static -Wl,-Bstatic $(pkg-config --cflags --libs multiping) \
    -Wl,-Bdynamic -pthread
  if ldd readme_static | grep multiping; then fail "the static library was not used"; fi
  cmake -S /src/tests/consumer/find_package -B found -D MULTIPING_EXPECTED="$(pkg-config --modversion multiping)" >cmake.log
  cmake --build found >>cmake.log 2>&1 || { cat cmake.log; fail "find_package"; }
  ldd found/consumer | grep -q libmultiping || fail "find_package did not give the shared library"

  echo "== As a part of another project"
  local way
  for way in add_subdirectory fetch_content; do
    cmake -S "/src/tests/consumer/$way" -B "$way" -D MULTIPING_SOURCE=/src -D MULTIPING_INSTALL=ON >"$way.log" 2>&1 ||
      { cat "$way.log"; fail "$way"; }
  done
}

# In a network of its own: root by itself, then an ordinary user through the daemon.
serve() {
  cd /tmp/programs
  echo "== Root pings"
  local program
  for program in ./readme ./readme_static ./found/consumer; do
    $program | tee said
    grep -Eq '^127.0.0.1(:| responded)' said || fail "$program"
  done
  echo "== The command pings for an ordinary user, by its capability"
  setpriv --reuid nobody --regid nogroup --clear-groups multiping -c 1 127.0.0.1 || fail "the command"
  printf '1 send-probe ip-4 127.0.0.1\n' | multiping-packet | tee said
  grep -q '^1 reply ip-4 127.0.0.1 ' said || fail "multiping-packet"
  echo "== The daemon serves an ordinary user"
  multipingd --check
  if setpriv --reuid nobody --regid nogroup --clear-groups ./found/consumer | grep reply; then
    fail "this user can ping by itself, so nothing would be shown"
  fi
  multipingd &
  local daemon=$! waited
  for ((waited = 0; waited < 300; waited++)); do
    if [ -S /run/multiping/multiping.sock ]; then break; fi
    kill -0 "$daemon" || fail "the daemon ended"
    sleep 0.1
  done
  setpriv --reuid nobody --regid nogroup --clear-groups ./found/consumer | tee said
  grep -q '^127.0.0.1: reply' said || fail "no answer through the daemon"
  printf '1 send-probe ip-4 127.0.0.1\n' | setpriv --reuid nobody --regid nogroup --clear-groups multiping-packet | tee said
  grep -q '^1 reply ip-4 127.0.0.1 ' said || fail "multiping-packet has no answer through the daemon"
  kill "$daemon"
  wait "$daemon" || fail "the daemon ended with $?"
}

purge() {
  echo "== Nothing is left after a purge"
  apt-get purge -qq -y multipingd multiping multiping-packet 'libmultiping*' >/tmp/purged 2>&1 || { cat /tmp/purged; fail "purging"; }
  state >/tmp/after
  diff /tmp/before /tmp/after || fail "the packages left something, or took something away"
}

"$1"

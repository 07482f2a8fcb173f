# git-clone [OPTION]... -- URL DIR: brings the checkout in DIR to the wanted ref; safe to repeat.
# Exit codes: 2 usage, 1x worth a retry (10 network, 11 lock), 2x not (20 refused or missing, 21 the
# workspace holds something that would be lost, 22 a tool is missing).
set -eu
# What stands between #[name and #]name is left out where the task does not ask for it.
umask 002
say() { printf 'git-clone: %s\n' "$1"; }
die() { printf 'git-clone: error: %s\n' "$2" >&2; exit "$1"; }

ref='' depth=1 single=yes submodules=no lfs=no credentials='' child='' beat='' lockdir=''
tmp=$(mktemp -d) || die 22 'no writable /tmp'
# The child runs in the background, so that a signal ends the step at once.
trap '[ -z "$child$beat" ] || kill $child $beat 2>/dev/null || :
  [ -z "$lockdir" ] || rmdir "$lockdir" 2>/dev/null || :
  rm -rf "$tmp"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

: >"$tmp/sparse"
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    --single-branch) single=yes ;;
    --no-single-branch) single=no ;;
    --submodules) submodules=yes ;;
    --lfs) lfs=yes ;;
    --ref|--depth|--sparse|--credentials)
      [ $# -ge 2 ] || die 2 "$1 needs a value"
      case $1 in
        --ref) ref=$2 ;;
        --depth) depth=$2 ;;
        --credentials) credentials=$2 ;;
        --sparse) case $2 in *[[:cntrl:]]*) die 2 'control character in a sparse path' ;; esac
          printf '%s\n' "$2" >>"$tmp/sparse" ;;
      esac
      shift ;;
    *) die 2 'unknown option' ;;
  esac
  shift
done
[ $# -eq 2 ] || die 2 'expected URL DIR after --'
url=$1
case $url in -*|*[[:cntrl:]]*) die 2 'not a repository URL' ;; esac
case $depth in ''|*[!0-9]*) die 2 '--depth is not a number' ;; esac
sha=no
case $ref in *[!0-9a-f]*) ;; *) case ${#ref} in 40|64) sha=yes ;; esac ;; esac
case $ref in
  '') ;;
  refs/*) git check-ref-format "$ref" || die 2 'not a valid ref name' ;;
  *) git check-ref-format "refs/heads/$ref" || die 2 'not a valid ref name' ;;
esac
mkdir -p -- "$2" && cd -- "$2" || die 21 "cannot make the directory $2 as uid $(id -u)"
dir=$PWD
cd /

# Nothing in the workspace gets to run: no hooks, no helpers, no prompts. Configuration by environment
# comes after what the caller set in the same way.
n=${GIT_CONFIG_COUNT:-0}
conf() { export "GIT_CONFIG_KEY_$n=$1" "GIT_CONFIG_VALUE_$n=$2"; n=$((n + 1)); export GIT_CONFIG_COUNT="$n"; }
conf safe.directory "$dir"
conf safe.directory "$dir/*"
conf core.hooksPath /dev/null
conf core.fsmonitor false
conf credential.helper ''
conf submodule.recurse false
conf gc.auto 0
conf maintenance.auto false
conf http.lowSpeedLimit 100
conf http.lowSpeedTime 60
unset GIT_ASKPASS SSH_ASKPASS GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_TRACE_REDACT=1 GIT_OPTIONAL_LOCKS=0
export GIT_ALLOW_PROTOCOL="${GIT_ALLOW_PROTOCOL:-https:ssh}"
export KERUTA_GIT_CREDENTIALS_DIR="${KERUTA_GIT_CREDENTIALS_DIR:-/etc/keruta/git}"

export GIT_LFS_SKIP_SMUDGE=1
#[lfs
if [ "$lfs" = yes ]; then
  unset GIT_LFS_SKIP_SMUDGE
  git lfs version >/dev/null 2>&1 || die 22 'the task asks for LFS, but this image has no git-lfs'
  conf filter.lfs.process 'git-lfs filter-process'
  conf filter.lfs.smudge 'git-lfs smudge -- %f'
  conf filter.lfs.clean 'git-lfs clean -- %f'
  conf filter.lfs.required true
fi
#]lfs

#[credentials
# The Secret's volume is optional, as a Pod would wait for it for ever and tell nobody; a Secret that comes late gets
# into the volume within a minute or so.
need() {
  waited=0 limit=${KERUTA_GIT_SECRET_TIMEOUT:-120}
  until [ -s "$KERUTA_GIT_CREDENTIALS_DIR/$1" ]; do
    [ "$waited" -lt "$limit" ] || die 20 "there is no credentials Secret in the Pod's namespace, or it has no key '$1'"
    [ $((waited % 20)) -ne 0 ] || say "waiting for the key '$1' of the credentials Secret ($waited of $limit s)"
    sleep 1 & child=$!
    wait "$child"
    child='' waited=$((waited + 1))
  done
}
#]credentials
case $credentials in
  '') ;;
  #[http
  basic|token)
    case $url in http://*|https://*) ;; *) die 2 "--credentials $credentials needs an http(s) URL" ;; esac
    host=${url#*://}
    # Bound to the URL's own host: a redirect, a submodule or an .lfsconfig cannot ask for it elsewhere.
    scope="credential.${url%%://*}://${host%%/*}.helper"
    if [ "$credentials" = basic ]; then
      need username; need password
      conf "$scope" '!f() { [ "$1" = get ] || exit 0; cd "$KERUTA_GIT_CREDENTIALS_DIR"; printf "username=%s\npassword=%s\n" "$(cat username)" "$(cat password)"; }; f'
    else
      need token
      conf "$scope" '!f() { [ "$1" = get ] || exit 0; cd "$KERUTA_GIT_CREDENTIALS_DIR"; printf "username=%s\npassword=%s\n" "${KERUTA_GIT_TOKEN_USER:-x-access-token}" "$(cat token)"; }; f'
    fi ;;
  #]http
  #[ssh
  ssh)
    need ssh-privatekey; need known_hosts
    # ssh refuses to run for a uid that has no name, and a key that others may read.
    id -un >/dev/null 2>&1 || { [ -w /etc/passwd ] && echo "keruta:x:$(id -u):$(id -g)::/tmp:/bin/sh" >>/etc/passwd; } ||
      die 22 "ssh needs an entry in /etc/passwd for uid $(id -u)"
    (umask 077; cat "$KERUTA_GIT_CREDENTIALS_DIR/ssh-privatekey" >"$tmp/key"; echo >>"$tmp/key"
      cat "$KERUTA_GIT_CREDENTIALS_DIR/known_hosts" >"$tmp/known_hosts")
    export GIT_SSH_VARIANT=ssh GIT_SSH_COMMAND="ssh -F /dev/null -i '$tmp/key' -o IdentitiesOnly=yes -o BatchMode=yes \
-o StrictHostKeyChecking=yes -o UserKnownHostsFile='$tmp/known_hosts' -o GlobalKnownHostsFile=/dev/null \
-o ConnectTimeout=30 -o ServerAliveInterval=15" ;;
  #]ssh
  *) die 2 'unknown kind of credentials' ;;
esac

# Runs a command that needs the network, again with growing pauses where the failure may pass.
online() {
  try=1 pause=${KERUTA_GIT_RETRY_DELAY:-2}
  while :; do
    "$@" >"$tmp/out" 2>"$tmp/err" & child=$!
    wait "$child" && { child=''; return 0; }
    child=''
    cat "$tmp/err" >&2
    if grep -qiE 'authentication failed|could not read (username|password)|permission denied|access denied|host key verification|no user exists for uid|returned error: 4(0[0-46-9]|1)|not found|does not appear to be a git repository|remote ref|not our ref|unadvertised object|transport .* not allowed|remote helper|dubious ownership|certificate|no space left|untracked working tree' "$tmp/err"
    then return 20; fi
    [ "$try" -lt "${KERUTA_GIT_ATTEMPTS:-4}" ] || return 10
    say "attempt $try failed, again in $pause s"
    sleep "$pause" & child=$!
    wait "$child"
    child='' pause=$((pause * 2)) try=$((try + 1))
  done
}

# One Pod at a time. flock frees itself when its holder dies; where the volume has no locks, a directory
# that its holder touches stands in, and is stale after two minutes without a touch.
area=$dir/.keruta
[ ! -L "$area" ] || die 21 '.keruta is a symbolic link'
mkdir -p "$area" && [ ! -L "$area/git.lock" ] && (: >>"$area/git.lock") 2>/dev/null ||
  die 21 "$dir/.keruta is not writable for uid $(id -u), group $(id -g)"
exec 9>>"$area/git.lock"
lock() {
  if [ -z "$lockdir" ] && command -v flock >/dev/null; then
    flock -n 9 2>"$tmp/err" && return 0
    [ -s "$tmp/err" ] || return 1
  fi
  find "$area/git.lock.d" -prune -mmin +2 -exec rmdir {} \; 2>/dev/null || :
  mkdir "$area/git.lock.d" 2>/dev/null || return 1
  lockdir=$area/git.lock.d
  (exec 9>&-; while sleep 20; do touch "$lockdir"; done) >/dev/null 2>&1 & beat=$!
}
waited=0 limit=${KERUTA_GIT_LOCK_TIMEOUT:-600}
until lock; do
  [ "$waited" -lt "$limit" ] || die 11 "another Pod has been preparing this workspace for $limit s"
  [ $((waited % 15)) -ne 0 ] || say "another Pod prepares this workspace; waiting ($waited of $limit s)"
  sleep 1 & child=$!
  wait "$child"
  child='' waited=$((waited + 1))
done

# What the remote calls the wanted ref: sets from (its name there), to (ours), and branch where it is one.
resolve() {
  branch=''
  if [ "$sha" = yes ]; then from=$ref to=refs/keruta/wanted; return 0; fi
  case $ref in '') set -- HEAD ;; refs/*) set -- "$ref" ;; *) set -- "refs/heads/$ref" "refs/tags/$ref" ;; esac
  online git ls-remote --symref origin "$@" || die "$?" "cannot read the refs of $url"
  from=''
  [ -n "$ref" ] || from=$(sed -n 's/^ref: \(refs.*\)	HEAD$/\1/p' "$tmp/out")
  for full; do
    [ -n "$from" ] || ! cut -f2 "$tmp/out" | grep -qxF -e "$full" || from=$full
  done
  [ -n "$from" ] || die 20 "$url has no ${ref:+branch or tag }${ref:-default branch (is it empty?)}"
  case $from in
    refs/heads/*) branch=${from#refs/heads/} to=refs/remotes/origin/$branch ;;
    refs/tags/*) to=$from ;;
    *) to=refs/keruta/wanted ;;
  esac
}

fetch() {
  set -- --no-recurse-submodules
  [ "$depth" -eq 0 ] || set -- "$@" --depth "$depth" --no-tags
  if [ "$single" = yes ]; then set -- "$@" origin; else set -- "$@" --tags origin '+refs/heads/*:refs/remotes/origin/*'; fi
  online git fetch -q "$@" "+$from:$to" || {
    status=$?
    # Some servers give no commit by its name: take everything, and look there.
    [ "$sha" = yes ] && grep -qE 'unadvertised object|not our ref' "$tmp/err" || die "$status" "cannot fetch $from from $url"
    say 'the server gives no single commit; fetching the whole history'
    online git fetch -q --no-recurse-submodules --tags --depth 2147483647 origin '+refs/heads/*:refs/remotes/origin/*' ||
      die "$?" "cannot fetch from $url"
    git update-ref "$to" "$from" 2>/dev/null || die 20 "$url has no commit $from"
  }
  tip=$(git rev-parse -q --verify "$to^{commit}") || die 20 "$from is not a commit"
}

# Tracking as git clone sets it up, in the repository's own file $1.
track() {
  spec='+refs/heads/*:refs/remotes/origin/*'
  [ "$single" = no ] || spec="+$from:$to"
  [ "$to" != refs/keruta/wanted ] || [ "$single" = no ] || spec=''
  [ -z "$spec" ] || git config --file "$1" --get-all remote.origin.fetch | grep -qxF -e "$spec" ||
    git config --file "$1" --add remote.origin.fetch "$spec"
  [ -z "$branch" ] || { git config --file "$1" "branch.$branch.remote" origin
    git config --file "$1" "branch.$branch.merge" "$from"; }
}

record() { printf '%s\n%s\n' "$ref" "$1" >"$tmp/record" && cp "$tmp/record" "$dir/.git/keruta-checkout"; }

# A new clone grows beside its place and gets there in one rename, so that no half of it is ever the real one.
stage=$area/clone fresh=no
rm -rf "$stage"
if [ ! -e "$dir/.git" ] && [ ! -L "$dir/.git" ]; then
  fresh=yes
  say "cloning $url"
  git init -q --template= --shared=group "$stage" || die 21 "cannot write to $dir"
  export GIT_DIR="$stage/.git" GIT_WORK_TREE="$dir"
  git config remote.origin.url "$url"
  resolve
  fetch
  track "$GIT_DIR/config"
  #[lfs
  if [ "$lfs" = yes ]; then
    for key in process smudge clean required; do git config "filter.lfs.$key" "$(git config filter.lfs.$key)"; done
  fi
  #]lfs
  #[sparse
  [ ! -s "$tmp/sparse" ] || git sparse-checkout set --cone --stdin <"$tmp/sparse"
  #]sparse
  if [ -n "$branch" ]; then git update-ref "$from" "$tip"; git symbolic-ref HEAD "$from"
  else git update-ref --no-deref HEAD "$tip"; fi
  git read-tree -n -m -u HEAD || die 21 "$dir holds files that the checkout would overwrite; nothing was changed"
  : >"$GIT_DIR/keruta-unfinished"
  mv "$stage/.git" "$dir/.git"
  rm -rf "$stage"
fi

# Tasks could write .git/config. From here on git sees the checkout through a view with a configuration of
# our own, so that nothing they left there can run beside the credentials or send them elsewhere.
git=$dir/.git
[ -d "$git" ] && [ ! -L "$git" ] || die 21 "$git is not a directory"
mkdir "$tmp/view"
for part in objects refs packed-refs logs info shallow modules lfs; do ln -s "$git/$part" "$tmp/view/$part"; done
export GIT_DIR="$git" GIT_WORK_TREE="$dir" GIT_COMMON_DIR="$tmp/view"
mkdir -p "$git/info" "$git/logs" "$git/modules" "$git/lfs"
printf '[core]\nrepositoryformatversion = 0\nbare = false\nsharedRepository = group\nlogAllRefUpdates = true\n' >"$tmp/view/config"
git config --file "$tmp/view/config" remote.origin.url "$url"
if [ "$(git config --file "$git/config.worktree" --type bool core.sparseCheckout 2>/dev/null)" = true ]; then
  git config --file "$tmp/view/config" core.sparseCheckout true
  git config --file "$tmp/view/config" core.sparseCheckoutCone true
fi
cd "$dir"

[ "$(git config --file "$git/config" --get remote.origin.url)" = "$url" ] ||
  die 21 "$dir holds a checkout of another repository than $url; give the task its own workspace"

exclude=$git/info/exclude
for line in /.keruta /lost+found; do
  [ -e "$dir$line" ] && ! grep -qxF "$line" "$exclude" 2>/dev/null || continue
  [ -z "$(tail -c 1 "$exclude" 2>/dev/null)" ] || echo >>"$exclude"
  echo "$line" >>"$exclude"
done

moved=no
if [ -e "$git/keruta-unfinished" ]; then
  [ "$fresh" = yes ] || say 'finishing an interrupted clone'
  rm -rf "$git/index.lock" "$git/modules"
  mkdir "$git/modules"
  online git reset -q --hard HEAD || die "$?" 'cannot write the files'
  moved=yes
fi
if [ "$fresh" = yes ]; then
  record "$tip"
else
  [ -f "$git/index" ] || die 21 "$git was left half-made by another program; remove it"
  last_ref='' last=''
  [ ! -f "$git/keruta-checkout" ] || { read -r last_ref && read -r last; } <"$git/keruta-checkout" || :
  head=$(git rev-parse -q --verify HEAD) || head=''
  here=$(git symbolic-ref -q HEAD) || here=''
  if [ -z "$ref" ]; then
    say 'no ref asked for: the checkout stays as it is'
  elif [ "$ref" != "$head" ]; then
    resolve
    there='' before=$(git rev-parse -q --verify "$to") || before=''
    fetch
    want=$tip
    if [ -n "$branch" ]; then
      there=$from
      mine=$(git rev-parse -q --verify "$from") || mine=$tip
      # Commits that only this volume has stay; last and before are commits that came from the remote.
      case $mine in "$tip"|"$last"|"$before") ;; *)
        git merge-base --is-ancestor "$mine" "$tip" || { want=$mine
          say "branch $branch has commits that the remote lacks: it stays at them"; } ;;
      esac
    elif [ -z "$here" ] && [ "$last" = "$tip" ] && [ "$head" != "$tip" ]; then
      want=$head
      say 'commits made on top of the wanted one stay'
    fi
    if [ "$want:$there" = "$head:$here" ]; then
      record "$tip"
    elif git checkout -q --no-overwrite-ignore --detach "$want"; then
      moved=yes
      # A commit that no branch holds would be lost to sight.
      [ -n "$here" ] || [ "$head" = "$last" ] || [ -z "$head" ] || { git update-ref "refs/keruta/kept/$head" "$head"
        say "commit $head stays as refs/keruta/kept/$head"; }
      [ -z "$branch" ] || { git update-ref "$from" "$want"; git symbolic-ref HEAD "$from"; }
      track "$git/config"
      record "$tip"
    elif [ "$ref" = "$last_ref" ]; then
      say 'the remote has moved, but uncommitted work is in the way: everything stays as it is'
    else
      die 21 "uncommitted work is in the way of $ref; nothing was changed"
    fi
  fi
  changes=$(git status --porcelain --ignore-submodules=all | wc -l)
  [ "$changes" -eq 0 ] || say "$((changes)) uncommitted changes stay"
fi

#[submodules
if [ "$submodules" = yes ] && [ "$moved" = yes ] && [ -f .gitmodules ]; then
  # Submodules bring configurations of their own, which must still be as git made them.
  find "$git/modules/" -name config >"$tmp/configs"
  while read -r file; do
    if git config --file "$file" --name-only --list |
      grep -qvE '^(core\.(repositoryformatversion|filemode|bare|logallrefupdates|worktree)|remote\.[^.]*\.(url|fetch)|branch\..*\.(remote|merge)|submodule\..*\.(url|active)|submodule\.active|user\.(name|email))$'
    then die 21 "the configuration of a submodule was changed; not used: $file"; fi
  done <"$tmp/configs"
  online git submodule --quiet update --init --recursive || die "$?" 'cannot bring the submodules'
  (unset GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR; git submodule --quiet init)
fi
#]submodules

rm -f "$git/keruta-unfinished"
say "ready at $(git rev-parse --short HEAD) ($(git symbolic-ref -q --short HEAD || echo detached))"

"""The shell script that records a workspace before an agent runs, and what other scripts share."""

# - Each program is run through a variable of its name: `$sort` is its path before the agent ran. A
#   function of that name would cost another process.
# - Lists have one name per line, sorted; a line break in a name is \001. `$lines` and `$zeros`
#   convert.
# - After `isolate`, git uses the harness's own directory, where no other settings apply.
# - `* -text ...`: files are compared byte by byte, whatever `.gitattributes` says.
# - `set -f`: names are not expanded as patterns. `cd -P`: a folder that became a link is noticed.
COMMON = r"""
set -f
export LC_ALL=C
for name in $(export -p); do
  name=${name%%=*}
  case $name in *[!A-Za-z0-9_]*) ;; GIT_*) unset "$name" ;; esac
done
lines="$tr \\n\\000 \\001\\n" zeros="$tr \\n\\001 \\000\\n"
isolate() {
  export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 GIT_PAGER=cat
  export GIT_NO_REPLACE_OBJECTS=1 GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1
  export HOME="$own" XDG_CONFIG_HOME="$own"
  export GIT_DIR="$own/git" GIT_WORK_TREE=. GIT_INDEX_FILE="$own/index"
}
settings() {
  printf '[core]\nrepositoryformatversion=%s\nbare=false\nfilemode=true\nsymlinks=true\n' "$1"
  printf 'ignorecase=false\nautocrlf=false\nquotePath=true\nhooksPath=/dev/null\n'
  printf 'attributesFile=/dev/null\nexcludesFile=/dev/null\nfsmonitor=false\ncompression=1\n'
  [ "$1" = 0 ] || printf '[extensions]\nobjectformat=sha256\n'
}
attributes() {
  echo "* -text -ident -filter -working-tree-encoding $1" >"$own/git/info/attributes"
}
list() {
  $find . -name .git -prune -o -path ".${own#"$top"}" -prune -o "$@" -print0 |
    $lines | $awk '{ sub(/^\.\//, "") } length($0) < 4000' | $sort
}
big() { $find . -name .git -prune -o -type f -size "+$large" -exec "$ls" -ln {} + | $sort; }
sums() {
  $find . -name .git -prune -o -type f ! -size "+$large" -exec "$cksum" {} + | $sort
}
# of what was noted: an agent may find it
notes() {
  {
    cd "$own" && $cat git/config git/info/exclude sums big nested 2>/dev/null
    cd ignore && $find . -name .gitignore -exec "$cksum" {} + | $sort
  } | $cksum
}
# git would wait for what nobody writes
odd() { $find . -name .git -prune -o -name .gitattributes ! -type f ! -type l -print; }
# bytes of the files that are new, without small ones
grown() {
  $find . -name .git -prune -o -type f -size +1024k -exec "$ls" -ln {} + |
    $awk 'NR == FNR { new[$0]; next }
      { if (substr($0, index($0, " ./") + 3) in new) sum += $5 }
      END { printf "%.0f", sum }' "$own/$fresh" -
}
take() {
  $zeros | GIT_INDEX_FILE="$own/$1" $git update-index -z --add --remove --replace --stdin
}
shadow() { GIT_INDEX_FILE="$own/rules" $git -C "$own/${shade:-ignore}" "$@"; }
rules() {
  IFS= read -r name || return 0
  $rm -f "$own/rules" || return
  { printf '%s\n' "$name" && $cat; } | take rules && shadow checkout-index -aqf
}
# of the files: what is tracked here or in the repository's index, or no rule ignores
kept() {
  $git ls-files -z | $lines | $sort >"$own/tracked"
  $comm -23 "$own/files" "$own/tracked" >"$own/further"
  : >"$own/new"
  [ -s "$own/further" ] || { $comm -12 "$own/files" "$own/tracked"; return; }
  $zeros <"$own/further" | shadow check-ignore -z --no-index --stdin | $lines | $sort |
    $comm -23 "$own/further" - >"$own/new"
  {
    $comm -12 "$own/files" "$own/tracked"
    [ ! -f .git/index ] || GIT_INDEX_FILE=.git/index $git ls-files -z |
      $lines | $sort | $comm -12 - "$own/further"
  } | $sort -u - "$own/new"
}
files() {
  list \( -type f -o -type l \) >"$own/files"
  [ ! -s "$own/modules" ] || outside "$own/modules" "$own/files" >"$own/rest"
  [ ! -s "$own/modules" ] || $sort "$own/rest" >"$own/files"
}
# takes submodules out of the index: their files are no tree's
modules() {
  $git ls-files -s | $sed -n 's/^160000 [0-9a-f]* 0.//p' >"$own/modules"
  [ ! -s "$own/modules" ] || $git update-index --force-remove --stdin <"$own/modules"
}
# of the files: those in none of the folders
outside() { $awk 'NR == FNR { folders[$0 "/"]; next }
  { for (each in folders) if (index($0, each) == 1) next; print }' "$1" "$2"; }
"""

# Makes the harness's own git directory: an empty one that uses the objects of the repository.
OWN = r"""
make() {
  version=0 && [ "$2" != 64 ] || version=1
  mkdir -p "$own/git/objects/info" "$own/git/objects/pack" "$own/git/refs" "$own/git/info" \
    "$own/ignore" "$own/scratch" || exit 5
  echo 'ref: refs/heads/none' >"$own/git/HEAD"
  settings "$version" >"$own/git/config"
  echo "$1" >"$own/git/objects/info/alternates"
  attributes '!diff'
}
"""

# What the repository's own settings do to a file (line ends, filters, modes, sparse checkouts) is
# not a change: if git sees no change before the agent runs, the file's bytes are the base.
OPEN = (
    COMMON
    + OWN
    + r"""
large=$1
home=$HOME xdg=$XDG_CONFIG_HOME
mine() {
  HOME="$home" XDG_CONFIG_HOME="$xdg" GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory \
    GIT_CONFIG_VALUE_0='*' $git "$@"
}
cd -P .
found=$(mine rev-parse --show-toplevel --absolute-git-dir --git-path objects \
  --git-path info/exclude 'HEAD^{commit}') || exit 3
for name in top dir objects exclude commit; do IFS= read -r $name || exit 4; done <<end
$found
end
objects=$(cd -P "$objects" && pwd -P) || exit 4
[ "${exclude#/}" != "$exclude" ] || exclude=$PWD/$exclude
cd -P "$top" || exit 3
top=$(pwd -P)
also=$(mine config --path core.excludesFile || echo "${XDG_CONFIG_HOME:-$HOME/.config}/git/ignore")
own=$(mktemp -d "$2/.workspace-XXXXXX" 2>/dev/null || mktemp -d) || exit 5
own=$(cd -P "$own" && pwd -P)
trap '$rm -rf "$own"; exit 9' TERM INT
fail() { $rm -rf "$own"; exit "$1"; }
make "$objects" "${#commit}"
$cat "$exclude" "$also" >"$own/git/info/exclude" 2>/dev/null
differs() {
  $cp -p "$dir/index" "$own/theirs" 2>/dev/null
  export GIT_INDEX_FILE="$own/theirs" GIT_OBJECT_DIRECTORY="$own/scratch"
  export GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
  mine add -u >/dev/null 2>&1
  mine -c core.quotePath=false diff-index -z --cached --name-only "$commit" | $lines | $sort
}
(differs >"$own/changed")
isolate
$git read-tree "$commit" || fail 6
files
$grep -e '^\.gitignore$' -e '/\.gitignore$' "$own/files" | rules || fail 6
$git update-index -q --refresh >/dev/null
$git diff-files -z --name-only | $lines | $sort | $comm -23 - "$own/changed" >"$own/same"
modules
: >"$own/modules"
[ ! -s "$own/same" ] ||
  $zeros <"$own/same" | $git update-index -z --add --remove --replace --stdin
$find . -path ./.git -prune -o -name .git -prune -print |
  $sed -e 's|^\./||' -e 's|/\.git$||' >"$own/nested"
if [ -s "$own/nested" ]; then
  kept >"$own/kept"
  outside "$own/nested" "$own/kept" | $sort | $comm -23 "$own/kept" - | take index || fail 6
fi
tree=$($git write-tree) || fail 6
# on its own, where that is no great work: the agent may remove or break the repository's objects
bytes=$($git ls-tree -r -l "$tree" | $awk '{ sum += $4 } END { printf "%d", sum }')
if [ "$bytes" -lt 300000000 ]; then
  $git rev-list --objects --no-object-names "$tree" |
    $git pack-objects -q --window=0 "$own/git/objects/pack/pack" >/dev/null
  mv "$own/git/objects/info/alternates" "$own/alternates"
  $git rev-list --objects --quiet "$tree" 2>/dev/null ||
    mv "$own/alternates" "$own/git/objects/info/alternates"
fi
big >"$own/big"
sums >"$own/sums"
printf '%s\n' "$top" "$own" "$commit" "$tree" "$(notes)"
shift 2
for tool; do printf '%s=' "$tool" && command -v "$tool" || echo; done
"""
)

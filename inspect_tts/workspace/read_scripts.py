"""Shell scripts that print how a workspace differs from its baseline."""

from .scripts import COMMON, OWN

# Prints the commit, the hash of the patch (an empty line if it is unknown) and the numstat. With a
# limit, also prints an empty line, the patch's size and, within the limit, the patch in base64.
# - `returns`: `--ignore-space-at-eol` ignores carriage returns, so their number is hashed as well.
# - For a binary file, the `index` line stays, because it has the hash of the content.
_TELL = r"""
# in the shadow, where no attributes of the workspace are
diff="diff-index --cached --no-renames --no-color --no-ext-diff --no-textconv"
numstat="apart -c core.quotePath=false $diff --numstat"
apart() { $git -C "$own/${shade:-ignore}" "$@"; }
whole() { [ ! -s "$own/numbers" ] || apart $diff -p --binary --full-index "$tree"; }
changes() {
  apart $diff -p -U0 --full-index --irreversible-delete --indent-heuristic \
    --ignore-space-at-eol --ignore-blank-lines "$tree" || : >"$own/unknown"
}
returns() {
  apart $diff -p -U0 "$tree" | $awk '
    function told() { if (lines) print file, lines; lines = 0 }
    /^diff --git / { told(); file = $0 } /^[+].*\r$/ { lines++ } /^-.*\r$/ { lines-- }
    END { told() }'
}
hashed() {
  changes | $sed -e '/^index /{h;d;}' -e '/^Binary files /{x;p;x;}' -e '/^\\/d' \
    -e 's/^\(@@ -[0-9,]*\) .*/\1/' -e 's/[[:space:]]*$//'
  returns
}
tell() {
  $numstat "$tree" >"$own/numbers" || : >"$own/unknown"
  hash=$({ [ ! -s "$own/numbers" ] || hashed; } | $git hash-object --stdin)
  [ ! -e "$own/unknown" ] || hash=
  printf '%s\n' "$commit" "$hash"
  $head -n 1000 "$own/numbers"
  [ -n "$limit" ] || return 0
  attributes "$attribute"
  rest=$(whole | { $head -c "$((limit + 1))" >"$own/patch" && $wc -c; })
  size=$(($($wc -c <"$own/patch") + rest))
  printf '\n%s\n' "$size"
  [ "$size" -gt "$limit" ] || $base64 <"$own/patch"
}
"""

# Compares the workspace with the tree. The index is built from scratch, so no `stat` is trusted.
_BODY = r"""
isolate
attributes '!diff'
$git read-tree "$tree" && [ "$($git write-tree)" = "$tree" ] || exit 4
[ -z "$(odd | $head -c 1)" ] || exit 7
files
{ echo . && $git ls-tree -d -r -z --name-only "$tree" | $lines; } >"$own/folders"
$awk 'NR == FNR { base[$0]; next }
  /\/\.gitignore$/ { folder = $0; sub(/\/[^\/]*$/, "", folder); if (!(folder in base)) print }' \
  "$own/folders" "$own/files" | $head -n 500 | rules
kept >"$own/kept"
[ ! -s "$own/new" ] || [ $(($($wc -l <"$own/new"))) -le "$most" ] || exit 5
big >"$own/bigger"
: >"$own/larger"
small=kept fresh=new
if [ -s "$own/bigger" ]; then
  small=small fresh=fresh
  list -type f -size "+$large" | $comm -12 - "$own/kept" >"$own/larger"
  $comm -23 "$own/kept" "$own/larger" >"$own/small"
  $comm -23 "$own/new" "$own/larger" >"$own/fresh"
fi
much=
[ ! -s "$own/$fresh" ] || much=$(grown)
[ ${#much} -gt 9 ] || much=
[ -n "$much" ] || take index <"$own/$small" 2>/dev/null || {  # what cannot be read stays as it was
  while IFS= read -r name; do [ ! -r "$name" ] && [ ! -L "$name" ] || printf '%s\n' "$name"; done \
    <"$own/$small" | take index || exit 6
}
$comm -23 "$own/tracked" "$own/files" >"$own/gone"
[ ! -s "$own/gone" ] || $zeros <"$own/gone" | $git update-index -z --force-remove --stdin
if [ -s "$own/larger" ] && [ -n "$($comm -3 "$own/big" "$own/bigger" | $head -c 1)" ]; then
  much=$($awk '{ sum += $5 } END { printf "%.0f", sum }' "$own/bigger")
fi
if [ -n "$much" ]; then  # too much to hash
  printf '%s\n\n' "$commit"
  {
    $numstat "$tree"
    if [ ${#much} -gt 9 ]; then $sort -u "$own/new" "$own/larger"; else $cat "$own/larger"; fi |
      $sed -e 's/^/-\t-\t/'
  } | $head -n 1000
  printf '\n%s\n' "$much"
  exit 0
fi
tell
"""

# Checks that the programs still work as before: an agent may have removed or replaced them.
_WORKS = r"""
compares() {
  printf 'd 4\nb 2\nc 3\na 1\n' >"$own/trial" && echo 'a 1' >"$own/trial.2" || return
  [ "$($find "$own" -name trial -exec "$cat" {} + | $sort | $comm -23 - "$own/trial.2" |
    $sed -e 's/b/e/' | $head -n 2 | $cksum)" = '2242708909 8' ]
}
works() {
  compares && $cp "$own/trial" "$own/trial.3" &&
    [ "$($cat "$own/trial.3" | $awk '{ print $2 }' | $grep -v 3 | $tr 1 5 | $base64)" = \
      NAoyCjUK ] &&
    [ "$($ls "$own/trial.3" | $wc -l)" -eq 1 ]
}
"""

READ = (
    COMMON
    + _TELL
    + _WORKS
    + r"""
top=$1 own=$2 commit=$3 tree=$4 noted=$5 limit=$6 attribute=$7 large=$8 most=$9
cd -P "$top" && [ "$(pwd -P)" = "$top" ] && [ -d "$own/git" ] || exit 3
$rm -rf "$own/index" "$own/unknown" "$own/shadow" "$own/trial.3" || exit 6
works && [ "$(notes)" = "$noted" ] || exit 8
shade=shadow
$cp -R "$own/ignore" "$own/shadow" || exit 6
"""
    + _BODY
)

# The fallback without git: prints which files have changed.
COMPARE = (
    COMMON
    + _WORKS
    + r"""
top=$1 own=$2 commit=$3 noted=$4 large=$5
cd -P "$top" && [ "$(pwd -P)" = "$top" ] && [ -f "$own/sums" ] || exit 3
compares && [ "$(notes)" = "$noted" ] || exit 8
printf '%s\n\n' "$commit"
sums | $comm -3 "$own/sums" - | $sed -e 's/^[[:space:]]*[0-9]* [0-9]* \.\///' | $sort -u |
  $head -n 1000 | $sed -e 's/^/-\t-\t/'
"""
)

# Without a baseline: uses the repository's objects, but none of its settings.
ONCE = (
    COMMON
    + OWN
    + _TELL
    + _WORKS
    + r"""
commit=$1 limit=$2 attribute=$3 large=$4 most=$5
while [ ! -e .git ] && [ "$PWD" != / ]; do cd -P .. || exit 3; done
top=$(pwd -P) dir=.git
[ ! -f .git ] || dir=$($sed -n 's/^gitdir: //p' .git)
[ ! -f "$dir/commondir" ] || dir=$(cd -P "$dir" && cd -P "$($cat commondir)" && pwd -P)
objects=$(cd -P "$dir/objects" && pwd -P) || exit 4
own=$(mktemp -d) && own=$(cd -P "$own" && pwd -P) || exit 5
trap '$rm -rf "$own"' EXIT
trap 'exit 9' TERM INT
isolate
works || exit 8
make "$objects" "${#commit}"
$git read-tree "$commit^{tree}" || exit 4
modules
tree=$($git write-tree) || exit 4
$git ls-files -z | $lines | $grep -e '^\.gitignore$' -e '/\.gitignore$' | $zeros |
  $git -C "$own/ignore" checkout-index -z -q -f --stdin
: >"$own/big"
"""
    + _BODY
)

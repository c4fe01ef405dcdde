#!/bin/sh
# 不用网络，把慎言装进一个目录：先核对校验和，再装进新的虚拟环境，最后才换过去。
# Installs Shenyan without a network: checks the sums, fills a new environment, and only then switches to it.
# Usage: ./install.sh [FOLDER, /opt/shenyan]; PYTHON=python3.13 names another Python.
set -eu
umask 022
cd "$(dirname -- "$0")"
folder=${1:-/opt/shenyan}
python=${PYTHON:-python3}
version=$(cat VERSION)

refuse() {
    echo "$1" >&2
    exit 1
}

sha256sum --check --quiet --strict SHA256SUMS || refuse "校验和不对，没有安装。 A checksum is wrong; nothing was installed."
# A wheel that nobody listed could take the place of one that somebody did.
work=$(mktemp -d)
new=
clean() {
    rm -rf "$work"
    [ -z "$new" ] || rm -rf "$new"
}
trap clean EXIT
find . -type f ! -path ./SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort >"$work/found"
sed 's/^[0-9a-f]*  //' SHA256SUMS | LC_ALL=C sort >"$work/listed"
extra=$(LC_ALL=C comm -23 "$work/found" "$work/listed")
[ -z "$extra" ] || refuse "有清单之外的文件，没有安装。 Files that are not listed; nothing was installed: $extra"

running=$("$python" -c 'import sys, sysconfig
print(f"python {sys.version_info.major}.{sys.version_info.minor} {sysconfig.get_platform()}")')
[ "$running" = "$(cat TARGET)" ] || refuse "这个包是给 $(cat TARGET) 的，这里是 $running。 The bundle is for another Python or system."

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
new=$folder/venv-$version-$(date +%Y%m%d%H%M%S)
"$python" -m venv "$new"
"$new/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links wheels "shenyan==$version"
"$new/bin/shenyan" --version

for beside in deploy docs samples; do
    rm -rf "${folder:?}/$beside"
    cp -R "$beside" "$folder/$beside"
done
# The old environment stays beside it, to go back to.
ln -s "$new" "$work/venv"
new=
cp -P "$work/venv" "$folder/venv.new"
mv -T "$folder/venv.new" "$folder/venv"
echo "$folder/venv/bin/shenyan"

#!/bin/sh
# 造出 docker compose 要的随机密钥，已有的不动；把权限收紧。平台和厂商给的自己写进去，再运行一遍。
# Makes the random secrets that docker compose mounts, leaves those that exist, and closes their modes.
# Write those of the platform and the vendor yourself, then run it again. Usage: deploy/secrets.sh [FOLDER]
set -eu
umask 077
folder=${1:-secrets}
group=10001 # the guard's, in the Dockerfile
mkdir -p "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"; }

make storage__password "$(random)"
make coordination__secret_key "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
make grafana_password "$(random)"
# One password in two files: neither is made anew while the other stays.
if [ ! -s "$folder/coordination__password" ] || [ ! -s "$folder/coordination.acl" ]; then
    password=$(random)
    printf '%s' "$password" >"$folder/coordination__password"
    printf 'user default on >%s ~* &* +@all\n' "$password" >"$folder/coordination.acl"
fi

missing=
for name in channels__hall__token channels__hall__aes_key channels__hall__app_secret bots__vendor__token tls.pem; do
    [ -s "$folder/$name" ] || missing="$missing $name"
done
if [ "$(id -u)" = 0 ]; then
    chgrp -R "$group" "$folder"
    chmod 0750 "$folder"
    find "$folder" -type f -exec chmod 0440 {} +
else
    echo "not root: the containers cannot read the files until their group is $group: sudo $0 $folder" >&2
fi
if [ -n "$missing" ]; then
    echo "还要自己写 still to be written by hand, in $folder:$missing" >&2
fi

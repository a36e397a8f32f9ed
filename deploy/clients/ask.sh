#!/bin/sh
# Asks an octroi sidecar one question with curl. For scripts and for trying things out.
#
#     ask.sh SUBJECT ACTION TYPE ID [PROPERTY=VALUE ...]
#     ask.sh marc read conversation c-1 tenant=boutiques-durand sub_account=paris-marais
#
# Prints `allow` or `deny`. Exit code: 0 allow, 5 deny, 1 in doubt (no certain answer, which is to be taken for a deny),
# 2 wrong usage. OCTROI_URL, OCTROI_TOKEN and OCTROI_TIMEOUT_MS say where, as whom, and how long to wait.
set -eu

url=${OCTROI_URL:-http://127.0.0.1:8181}
url=${url%/}
timeout_ms=${OCTROI_TIMEOUT_MS:-500}
# The same for each attempt, so that both logs tell of one question.
request_id=${REQUEST_ID:-$(cat /proc/sys/kernel/random/uuid 2>/dev/null || echo "ask-$$-$(date +%s)")}

in_doubt() {
    echo "in doubt, so denied: $*" >&2
    echo deny
    exit 1
}

# A text as JSON. What would need escaping is refused, not guessed at.
quoted() {
    case $1 in
    *[\"\\[:cntrl:]]*)
        echo "quotes, backslashes and control characters are not supported: $1" >&2
        exit 2
        ;;
    esac
    printf '"%s"' "$1"
}

if [ $# -lt 4 ]; then
    echo "usage: ask.sh SUBJECT ACTION TYPE ID [PROPERTY=VALUE ...]" >&2
    exit 2
fi
subject=$(quoted "$1")
action=$(quoted "$2")
type=$(quoted "$3")
id=$(quoted "$4")
shift 4
properties=
for property in "$@"; do
    name=$(quoted "${property%%=*}")
    value=$(quoted "${property#*=}")
    properties="${properties:+$properties,}$name:$value"
done
question="{\"subject\":{\"type\":\"user\",\"id\":$subject},\"action\":{\"name\":$action},\
\"resource\":{\"type\":$type,\"id\":$id,\"properties\":{$properties}}}"

answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT
if [ -n "${OCTROI_TOKEN:-}" ]; then
    printf 'Authorization: Bearer %s\n' "$OCTROI_TOKEN"
fi >"$answer/token" # in a file, for arguments are seen by every user of the machine

# Sets `status`; the body and the headers are files. --max-time is for the whole request. No proxy: it is a neighbour.
ask() {
    code=0
    status=$(curl --silent --noproxy '*' --max-time "$(printf '%d.%03d' $((timeout_ms / 1000)) $((timeout_ms % 1000)))" \
        --header 'Content-Type: application/json' --header "X-Request-ID: $request_id" --header "@$answer/token" \
        --data-raw "$question" --dump-header "$answer/headers" --output "$answer/body" --write-out '%{http_code}' \
        "$url/access/v1/evaluation") || code=$?
}

unreached=0
busy=0
while :; do
    ask
    case $code in
    0) ;;
    28) in_doubt "no answer within $timeout_ms ms" ;;
    *)  # Refused, or broken off: it may be restarting. A question changes nothing, so it can be asked again.
        unreached=$((unreached + 1))
        [ "$unreached" -le 1 ] || in_doubt "cannot reach $url (curl: $code)"
        sleep 0.1
        continue
        ;;
    esac
    case $status in
    200)
        # octroi writes the decision first and without spaces. Anything else is in doubt.
        case $(cat "$answer/body") in
        '{"decision":true}' | '{"decision":true,"context":{'*'}}') echo allow && exit 0 ;;
        '{"decision":false}' | '{"decision":false,"context":{'*'}}') echo deny && exit 5 ;;
        *) in_doubt "200 without a decision" ;;
        esac
        ;;
    503)
        wait=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\)[[:space:]]*$/\1/p' "$answer/headers")
        busy=$((busy + 1))
        if [ "$busy" -gt 2 ] || [ "${wait:-0}" -gt 2 ]; then
            in_doubt "503: $(cat "$answer/body")"
        fi
        sleep "${wait:-0.1}"
        ;;
    # 400: this question is wrong. 401: the token is. Neither is mended by asking again.
    *) in_doubt "$status: $(cat "$answer/body")" ;;
    esac
done

#!/bin/sh
# Starts Google's Pub/Sub emulator on a free port, runs the given command with TIDEGATE_PUBSUB_EMULATOR set to its
# address and TIDEGATE_PUBSUB_EMULATOR_PROCESS to its process, and stops it again. The exit code is the command's; 77
# when the emulator is not installed.
#   tests/pubsub_emulator.sh cargo test --test pubsub_emulator
set -eu
root=$(gcloud info --format='value(installation.sdk_root)' 2>/dev/null || true)
emulator="$root/platform/pubsub-emulator/bin/cloud-pubsub-emulator"
if [ ! -x "$emulator" ]; then
    echo "Google's Pub/Sub emulator is not installed (gcloud components install pubsub-emulator)" >&2
    exit 77
fi
port=${PUBSUB_EMULATOR_PORT:-8717}
log=$(mktemp)
"$emulator" --host=127.0.0.1 --port="$port" >"$log" 2>&1 &
pid=$!
# The script of the SDK may leave its Java child behind, so both are ended.
processes() { ps -o pid= --ppid "$pid" || true; echo "$pid"; }
trap 'kill $(processes) 2>/dev/null || true; kill -CONT $(processes) 2>/dev/null || true; rm -f "$log"' EXIT INT TERM
waited=0
until grep -q "Server started, listening on" "$log"; do
    kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; exit 1; }
    waited=$((waited + 1))
    [ "$waited" -le 300 ] || { echo "the emulator did not start within 60 s" >&2; cat "$log" >&2; exit 1; }
    sleep 0.2
done
TIDEGATE_PUBSUB_EMULATOR="127.0.0.1:$port" TIDEGATE_PUBSUB_EMULATOR_PROCESS="$(processes | head -n 1 | tr -d ' ')" "$@"

# sleep SECONDS: waits; a signal ends it at once, which it would not if sleep itself were the container's first process.
trap 'exit 143' TERM
trap 'exit 130' INT
sleep "$1" & wait $!

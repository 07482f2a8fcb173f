#!/bin/sh
# record.sh NAMESPACE JOB DIRECTORY [SECONDS]: records a Job, its Pods and the Events about them as they change, for SECONDS
# (60) from now, and writes one snapshot for each second in which something changed: DIRECTORY/01.json, 02.json, ...
# Start it before the Job is created. Needs kubectl (its usual configuration) and jq.
# What tells about the machine is replaced: node names, addresses, image and container ids.
set -eu
namespace=$1 job=$2 directory=$3 seconds=${4:-60}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nodes=$(kubectl get nodes -o json | jq -c '[.items[] | {name: .metadata.name, addresses: [.status.addresses[]?.address]}]')
watches=''
for kind in jobs pods events; do
  (
    # Reconnects, as the API server ends a watch now and then; a state that is seen twice does no harm.
    exec kubectl --namespace "$namespace" get "$kind" --watch --output-watch-events --output json --request-timeout "${seconds}s"
  ) 2>>"$work/errors" | jq --unbuffered --compact-output '{at: now, type, object}' >"$work/$kind" &
  watches="$watches $!"
done
sleep "$seconds"
# shellcheck disable=SC2086
wait $watches || :

mkdir -p "$directory"
cat "$work/jobs" "$work/pods" "$work/events" | jq --slurp --compact-output --arg job "$job" --argjson nodes "$nodes" '
  def container: {name, image, restartPolicy, resources} | del(.. | nulls);
  def pod_spec: {nodeName, restartPolicy, terminationGracePeriodSeconds, priority, priorityClassName, serviceAccountName,
      initContainers: (.initContainers // [] | map(container)), containers: (.containers | map(container)), volumes}
    | del(.. | nulls);
  def status: del(.allocatedResources, .resources, .qosClass,
      (.initContainerStatuses[]?, .containerStatuses[]? | (.allocatedResources, .resources, .user, .volumeMounts)));
  def ids: walk(if type == "object" then
      (if has("containerID") then .containerID = "containerd://0" else . end)
      | (if has("imageID") and .imageID != "" then .imageID = "sha256:0" else . end)
      | (if has("podIP") then .podIP = "10.0.0.2" | .podIPs = [{ip: "10.0.0.2"}] else . end)
      | (if has("hostIP") then .hostIP = "10.0.0.1" | .hostIPs = [{ip: "10.0.0.1"}] else . end)
    else . end);
  def machine: walk(if type == "string" then
      reduce ($nodes | to_entries[]) as $node (.;
        gsub("(?<before>^|[ /\"])" + ($node.value.name | gsub("\\."; "\\.")) + "(?<after>$|[ /,\"])";
          "\(.before)node-\($node.key + 1)\(.after)")
        | reduce $node.value.addresses[] as $address (.; if $address == $node.value.name then . else gsub($address; "10.0.0.1") end))
    else . end);
  def event: {metadata: (.metadata | {name, creationTimestamp}), involvedObject: (.involvedObject | {kind, name, uid}),
    reason, message, type, count, firstTimestamp, lastTimestamp, eventTime, series} | del(.. | nulls);
  def clean: del(.metadata.managedFields, .metadata.resourceVersion)
    | if .kind == "Event" then event
      elif .kind == "Pod" then (.spec |= pod_spec) | (.status |= status)
      elif .kind == "Job" then (.spec.template.spec |= pod_spec) | del(.spec.podFailurePolicy)
      else . end
    | ids | machine;
  sort_by(.at)
  | reduce (.[] | select(
        .object.metadata.name == $job or (.object.metadata.ownerReferences[0].name? == $job)
        or (.object.involvedObject.name? // "" | . == $job or startswith($job + "-")))) as $change
      ({now: {job: null, pods: {}, events: {}}, all: []};
        ($change.object | clean) as $object
        | .now.at = ($change.at | floor | todate)
        | if $object.kind == "Job" then .now.job = (if $change.type == "DELETED" then null else $object end)
          elif $object.kind == "Pod" then
            if $change.type == "DELETED" then del(.now.pods[$object.metadata.uid]) else .now.pods[$object.metadata.uid] = $object end
          else .now.events[$object.metadata.name] = $object end
        | .all += [.now])
  | .all | group_by(.at) | map(last) | .[]
  | {at, job, pods: [.pods[]], events: [.events[]]}' |
  {
    number=1
    while IFS= read -r snapshot; do
      printf '%s\n' "$snapshot" | jq --indent 1 . >"$directory/$(printf '%02d' "$number").json"
      number=$((number + 1))
    done
  }

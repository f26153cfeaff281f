#!/bin/sh
# Measures a method on the first N records of a file: each taught alone to the base model, then all in sequence to one store.
#   scripts/measure-edits.sh "sharpformer" models/facts-gpt2 data/facts/counterfact.json 100 --method rome --statistics statistics
# Prints one JSON object per line: ES, PS, NS, locality and neighbour retention in percent, and seconds an edit. Needs jq.
# Neighbours are the hundred records behind the first 200.
set -eu
program=$1 model=$2 records=$3 count=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jq '.[200:300]' "$records" > "$work/neighbours.json"

measure() { # records, options of 'edits add' …
  input=$1
  shift
  rm -f "$work"/edits.db*
  $program edits add --model "$model" --edits "$work/edits.db" --input "$input" --json "$@" > "$work/added.json" 2> "$work/notes"
  $program evaluate edits --model "$model" --edits "$work/edits.db" --input "$input" --loc-trigger " Answer:" \
    --neighbours "$work/neighbours.json" --json 2>> "$work/notes" |
    jq -c --slurpfile added "$work/added.json" '{n, es: .edited.es, ps: .edited.ps, ns: .edited.ns, agreement: .edited.localityAgreement,
      neighbours: .edited.neighbourRetention, seconds: ($added[0].seconds / .n)}'
}

i=0
while [ "$i" -lt "$count" ]; do
  jq ".[$i:$((i + 1))]" "$records" > "$work/one.json"
  measure "$work/one.json" "$@"
  i=$((i + 1))
done > "$work/single"
jq -cs 'def mean(f): (map(f) | add / length); {how: "alone", n: length, es: mean(.es), ps: mean(.ps), ns: mean(.ns),
  agreement: mean(.agreement), neighbours: mean(.neighbours), seconds: mean(.seconds)}' "$work/single"
jq ".[:$count]" "$records" > "$work/all.json"
measure "$work/all.json" "$@" | jq -c '{how: "in sequence"} + .'

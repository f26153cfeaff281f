#!/bin/sh
# Times the commands on a store of 12,000 edits of the bundled model: seconds and the largest memory of each, as Markdown.
#   scripts/measure-store.sh sharpformer [folder to work in]
# Needs jq and GNU time. The facts are those of data/facts, each prompt in four frames.
set -eu
program=$1
work=${2:-$(mktemp -d)}
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
model=$root/models/facts-gpt2
jq -s '[.[0][], .[1][], .[2][]] | [.[] | . as $r | ("", "Yes, ", "Today ", "In short, ") | . as $f | $r | .src = $f + .src]
  | unique_by(.src) | .[:12000]' "$root"/data/facts/counterfact.json "$root"/data/facts/pararel.json "$root"/data/facts/zsre.json \
  > "$work/facts.json"
export SHARPFORMER_DEVICE=cpu

measure() { # name, command …
  name=$1
  shift
  /usr/bin/time -f "%e %M" -o "$work/time" "$@" > "$work/out" 2> "$work/notes" || { cat "$work/notes"; exit 1; }
  awk -v name="$name" '{ printf "| %s | %.2f | %.0f |\n", name, $1, $2 / 1024 }' "$work/time"
}

rm -f "$work"/*.db*
echo "| 12,000 edits | seconds | MB |"
echo "|---|---|---|"
how="--model $model --no-retrofit --on-conflict keep"
measure "add, without retrofit" $program edits add $how --edits "$work/all.db" --input "$work/facts.json"
i=1
while [ $i -le 12 ]; do
  $program edits add $how --no-check --edits "$work/$i.db" --input "$work/facts.json" --chunk $i/12 2> "$work/notes" > "$work/out"
  i=$((i + 1))
done
measure "list" $program edits list --edits "$work/all.db"
measure "show" $program edits show 6000 --edits "$work/all.db"
measure "log" $program edits log --edits "$work/all.db"
measure "conflicts" $program edits conflicts --edits "$work/all.db"
measure "verify" $program edits verify --edits "$work/all.db"
measure "withdraw 100" $program edits withdraw 1-100 --edits "$work/all.db"
measure "undo" $program edits undo --edits "$work/all.db"
measure "generate, one token" $program generate --model "$model" --edits "$work/all.db" --prompt "Lucian Freud died in" --max-new-tokens 1
measure "why" $program edits why --model "$model" --edits "$work/all.db" --prompt "Lucian Freud died in"
measure "check, 12,000 prompts and their other wordings" $program edits check --model "$model" --edits "$work/all.db"
jq '.[:1000]' "$work/facts.json" > "$work/thousand.json"
measure "diff, 1,000 prompts" $program edits diff --model "$model" --edits "$work/all.db" --input "$work/thousand.json"
measure "export, JSON Lines" $program edits export --edits "$work/all.db" --jsonl "$work/all.jsonl"
measure "import, JSON Lines" $program edits import "$work/all.jsonl" --edits "$work/imported.db"
measure "merge of 12 stores" $program edits merge --edits "$work/merged.db" "$work/1.db" "$work/2.db" "$work/3.db" "$work/4.db" \
  "$work/5.db" "$work/6.db" "$work/7.db" "$work/8.db" "$work/9.db" "$work/10.db" "$work/11.db" "$work/12.db"
echo
echo "$(jq length "$work/facts.json") facts, $(stat -c %s "$work/all.db") bytes."

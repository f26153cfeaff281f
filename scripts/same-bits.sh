#!/usr/bin/env bash
# Publishes the program in the three ways it is handed out - compiled while it runs (JIT), ahead with the rest left to the JIT (ReadyToRun),
# and to machine code alone (native AOT) - and compares, byte for byte, what they say and store. Then it times how they start. Takes minutes.
#   scripts/same-bits.sh [FOLDER]     FOLDER receives the programs and what they made (default: artifacts/same-bits)
# On Linux or macOS, with what native AOT needs: clang or gcc, and zlib's headers. Exit code 3: they do not say or store the same.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 SHARPFORMER_DEVICE=cpu LC_ALL=C
folder=${1:-artifacts/same-bits}
model=models/facts-gpt2
records=(--input data/facts/zsre.json --answer-trigger " Answer:")
project=src/Cli/Cli.csproj
platform=$(dotnet msbuild $project -getProperty:NETCoreSdkPortableRuntimeIdentifier)
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

publish() { # way, dotnet publish's arguments …
    dotnet publish $project -v quiet -o "$folder/$1" "${@:2}" > "$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
}

program() { # way, arguments …; every way works in a folder of its own, on files of the same names
    (cd "$folder/work-$1" && "$folder/$1/sharpformer" "${@:2}")
}

# A command's output as a file of the way's folder.
said() { # way, name, arguments …
    program "$1" "${@:3}" 2> "$folder/work-$1/errors" | untimed > "$folder/work-$1/$2.said" \
        || { cat "$folder/work-$1/errors"; echo "$1 fails at $2"; exit 1; }
}

# The same of all that a store holds, numbers with all their bits.
stored() { # way, store
    program "$1" edits export --edits "$2.db" --jsonl "$2.jsonl" > "$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
    untimed < "$folder/work-$1/$2.jsonl" > "$folder/work-$1/store-$2.said"
}

# Leaves times out, how long things took, and checksums that cover times.
untimed() {
    sed -E -e 's/"(createdAt|withdrawnAt|removedAt|at|sum)":"[^"]*"/"\1":""/g' -e 's/"seconds":[-+.0-9E]+/"seconds":0/g'
}

taught() { # way, method, further arguments …
    said "$1" "add-$2" edits add --model $model --edits "$2.db" --method "$2" --limit 3 --no-check "${records[@]}" --json "${@:3}"
    stored "$1" "$2"
}

work() { # way
    mkdir "$folder/work-$1"
    ln -s "$PWD/models" "$PWD/data" "$folder/work-$1"
    said "$1" info model info $model --json
    said "$1" logits model logits --model $model --prompt "Lucian Freud died in" --json
    said "$1" tokens model tokenize --model $model --text "Où est l'œuvre?" --json
    said "$1" plans experiment list --json
    said "$1" add edits add --model $model --edits facts.db --limit 20 "${records[@]}" --json
    said "$1" withdraw edits withdraw 3-7 --edits facts.db --json
    said "$1" show edits show 1-20 --edits facts.db --json
    stored "$1" facts
    said "$1" generate generate --model $model --edits facts.db --prompt "Lucian Freud died in" --json
    said "$1" evaluate evaluate edits --model $model --edits facts.db --limit 20 "${records[@]}" --json
    said "$1" examine evaluate full --model $model --edits facts.db --limit 5 "${records[@]}" --json
    said "$1" check edits check --model $model --edits facts.db --json
    said "$1" why edits why --model $model --edits facts.db --prompt "Lucian Freud died in" --json
    for layer in 0 1 2; do
        program "$1" model statistics --model $model --text data/facts/heldout.txt --layer $layer --tokens 2000 --lines --output statistics \
            > "$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
    done
    for method in ireva ft grace melo lora ultraedit; do taught "$1" $method; done
    for method in rome memit; do taught "$1" $method --statistics statistics; done
}

publish jit -c Release --no-self-contained
publish r2r -p:PublishProfile=SingleFile -r "$platform"
publish aot -p:PublishProfile=NativeAot -r "$platform"
for way in jit r2r aot; do work $way; done

failed=0
for said in "$folder"/work-jit/*.said; do
    name=$(basename "$said" .said)
    [ -s "$said" ] || { echo "$name: nothing was said"; failed=3; }
    for way in r2r aot; do
        cmp -s "$said" "$folder/work-$way/$name.said" || { echo "$name: $way says something else than jit"; failed=3; }
    done
done
echo "$(ls "$folder"/work-jit/*.said | wc -l) results compared, $([ $failed = 0 ] && echo all the same || echo with differences)."

# The least of some runs, in milliseconds: what the machine did besides only makes it longer.
milliseconds() { # way, arguments …
    local best=1000000000000 start took
    for _ in 1 2 3 4 5 6 7; do
        start=$(date +%s%N)
        program "$@" > /dev/null 2>&1
        took=$(($(date +%s%N) - start))
        [ $took -ge $best ] || best=$took
    done
    printf ' %d |' $((best / 1000000))
}

printf '\n| milliseconds | JIT | ReadyToRun | native AOT |\n|---|---|---|---|\n'
program jit edits add --model $model --edits many.db --limit 1000 --no-retrofit --no-check --on-conflict keep "${records[@]}" > /dev/null 2>&1
for way in r2r aot; do cp "$folder/work-jit/many.db" "$folder/work-$way"; done
row() { # name, arguments …
    printf '| %s |' "$1"
    for way in jit r2r aot; do milliseconds $way "${@:2}"; done
    echo
}
row "\`--version\`" --version
row "\`edits list\`, 1,000 edits" edits list --edits many.db
row "\`generate\`, one token" generate --model $model --prompt "Lucian Freud died in" --max-new-tokens 1
exit $failed

#!/bin/sh
# Sums what nextest, cargo, vitest and node's test runner said in a log into one last line, after the tests that could not
# run and why; fails where a test failed or none ran. A test that was skipped in part counts as skipped.
set -eu
sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
  /^ *Summary \[/         { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) passed += $(i - 1); if ($i ~ /^(failed|timed)/) failed += $(i - 1); if ($i ~ /^skipped/) ignored += $(i - 1) } }
  /^test result:/       { passed += $4; failed += $6; ignored += $8 }
  /^ *Tests  /          { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) passed += $(i - 1); if ($i ~ /^failed/) failed += $(i - 1); if ($i ~ /^skipped/) skipped += $(i - 1) } }
  /^(#|ℹ) pass [0-9]+$/    { passed += $3 }
  /^(#|ℹ) fail [0-9]+$/    { failed += $3 }
  /^(#|ℹ) skipped [0-9]+$/ { skipped += $3 }
  # Of Rust the runner counts them as passed: "skipped: TEST: WHY", one line for each thing that is absent.
  /^skipped: /          { said[++n] = $0; if (!seen[$2]++) { skipped++; passed-- } }
  # Of node the runner counts them itself.
  /# (SKIP )?skipped: / { said[++n] = $0 }
  END {
    for (i = 1; i <= n; i++) print said[i]
    if (ignored > 0) printf "%d ignored\n", ignored
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit (failed > 0 || passed == 0)
  }'

#!/usr/bin/env bash
# Runs the fault matrix at real servers, or with `soak` random faults on larger mailboxes, and prints for each row how
# many points were tried and what was lost and doubled. Fails if anything was, or if a row was not tried.
set -euo pipefail
cd "$(dirname "$0")/.."

MATRIX_REPORT=$(mktemp)
trap 'rm -f "$MATRIX_REPORT"' EXIT
export MATRIX_REPORT
tests=(cargo test --locked --workspace --exclude mailferry-frontend --no-fail-fast)

# What goes wrong, and how each of the lines begins that tests print for it.
rows() {
  cat <<'END'
kill -9 at every step, then resume|kill at every step|SIGKILL of the command line
source cut after k bytes|source cut|source reset|Cyrus, source cut|large message, either side cut|everything comes in slices
source or destination stalls, or sends one byte a second|source or destination stalls|source or destination sends
destination cut before +, in a literal, before OK|destination cut after k|destination reset|destination cut mid-literal|destination cut before +|destination cut after the last byte, before OK|destination cut before OK
BYE on either side|BYE: sessions kicked|BYE: server down
OVERQUOTA, throttling, daily cap|OVERQUOTA|throttled|daily cap, day by day|daily cap, by the service|message too large|folder closed by an ACL
UIDVALIDITY changes at source or destination|UIDVALIDITY changes|all UIDs new
expunged or flagged between list and fetch|expunged between|flags change
destination rewrites, merges, lacks UIDPLUS, lies in APPENDUID|Cyrus, destination rewrites|destination merges|no UIDPLUS|lies in APPENDUID|tells UIDs of other messages|LITERAL-
password changed in mid-run|password changed
database gone, full, locked, restarted, killed|database gone|database disk full|database locked at any write|database locked under a worker, SQLite|database locked under a worker, PostgreSQL|database restarted|database killed
lease expires (SIGSTOP), two workers on one run|worker stopped (SIGSTOP)|worker stopped for twice|worker cut off|two workers
clock jumps by a month, summer time|clock jumps by a month|DST
SIGTERM during deploy|SIGTERM: handed over|SIGTERM of a worker
END
}

# The lines of one name added up, below the row that they belong to: $1 has the rows, $2 what was printed.
table() {
  awk -F'|' '
    function line(name, p, l, d) { printf "%-66s %6d %6d %8d\n", name, p, l, d }
    listing { rows++; title[rows] = $1; kinds[rows] = NF; for (i = 2; i <= NF; i++) kind[rows, i] = $i; next }
    {
      if (!($1 in points)) order[++names] = $1
      points[$1] += $2; lost[$1] += $3; doubled[$1] += $4
      all_points += $2; all_lost += $3; all_doubled += $4
    }
    END {
      printf "%-66s %6s %6s %8s\n", "", "points", "lost", "doubled"
      for (row = 1; row <= rows; row++) {
        p = l = d = 0; below = ""
        for (i = 2; i <= kinds[row]; i++) {
          found = 0
          for (n = 1; n <= names; n++) {
            name = order[n]
            if (index(name, kind[row, i]) != 1) continue
            found = 1
            if (name in told) continue
            told[name] = 1
            p += points[name]; l += lost[name]; d += doubled[name]
            below = below sprintf("  %-64s %6d %6d %8d\n", name, points[name], lost[name], doubled[name])
          }
          if (!found) { below = below "  " kind[row, i] " …: NOT TRIED\n"; missing = 1 }
        }
        line(title[row], p, l, d)
        printf "%s", below
      }
      for (n = 1; n <= names; n++) if (!(order[n] in told)) line(order[n], points[order[n]], lost[order[n]], doubled[order[n]])
      line("all", all_points, all_lost, all_doubled)
      exit missing + (all_lost + all_doubled > 0)
    }
  ' listing=1 "$1" listing=0 "$2"
}

status=0
if [ "${1:-}" = soak ]; then
  SOAK_SEED=${SOAK_SEED:-$RANDOM$RANDOM} SOAK_MINUTES=${SOAK_MINUTES:-10} \
    "${tests[@]}" --test fault_matrix -- --ignored --nocapture soak || status=$?
  printf '\n'
  table /dev/null "$MATRIX_REPORT" || status=$?
else
  MATRIX_POINTS=${MATRIX_POINTS:-40} "${tests[@]}" --test fault_matrix || status=$?
  # What needs whole processes, the service, or a Gmail.
  "${tests[@]}" --test api --test copy --test process --test refusals --test stopped_worker -- \
    a_full_disk a_killed_copy sigterm a_run_whose_day_is_used_up a_worker_that a_worker_whose \
    into_a_mailbox_that_merges || status=$?
  printf '\n'
  table <(rows) <(sort "$MATRIX_REPORT") || status=$?
fi
exit "$status"

#!/usr/bin/env bash
# Kasparro on Google Cloud: Cloud Run, Cloud SQL, Secret Manager, Scheduler. Run it again to change anything.
set -euo pipefail

NAME=kasparro IMAGE='' PROJECT="${CLOUDSDK_CORE_PROJECT:-}" REGION='' RUNS=job TIER=db-g1-small SCHEDULE='0 * * * *'
PUBLIC=yes DRY=no DESTROY=no YES=no

usage() {
  cat <<'TEXT'
usage: deploy/gcp-deploy.sh --image IMAGE --project PROJECT --region REGION [options]
       deploy/gcp-deploy.sh --destroy --project PROJECT --region REGION [--name NAME] [--yes]

  --image IMAGE      the image to run, by tag or digest; Cloud Run has to be able to pull it
  --project PROJECT  where; CLOUDSDK_CORE_PROJECT is taken without it
  --region REGION    such as europe-west1
  --name NAME        what everything is named after (kasparro)
  --runs job         a job that Scheduler starts, paid while it runs (this is the default);
                     runs that are asked for over the API are not begun by anybody then
  --runs service     API and worker in one service that never sleeps; runs can be asked for over the API
  --schedule CRON    when runs start, UTC ('0 * * * *')
  --tier TIER        size of the database server (db-g1-small)
  --private          only callers that IAM lets in may reach the API
  --dry-run          print the commands, change and ask nothing
  --destroy          remove everything, the ledger and its backups too
  --yes              don't ask before removing
  --help             this text

Exit codes: 0 done, 1 Google Cloud said no, 2 wrong arguments, 3 something is missing on this machine.
TEXT
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "error: $2"
  exit "$1"
}
value() { if [ $# -lt 2 ] || [ -z "$2" ]; then fail 2 "$1 needs a value; --help lists all options"; fi; }

while [ $# -gt 0 ]; do
  case "$1" in
    --image) value "$@"; IMAGE=$2; shift ;;
    --project) value "$@"; PROJECT=$2; shift ;;
    --region) value "$@"; REGION=$2; shift ;;
    --name) value "$@"; NAME=$2; shift ;;
    --runs) value "$@"; RUNS=$2; shift ;;
    --schedule) value "$@"; SCHEDULE=$2; shift ;;
    --tier) value "$@"; TIER=$2; shift ;;
    --private) PUBLIC=no ;;
    --dry-run) DRY=yes ;;
    --destroy) DESTROY=yes ;;
    --yes) YES=yes ;;
    --help | -h) usage; exit 0 ;;
    *) fail 2 "unknown option '$1'; --help lists all" ;;
  esac
  shift
done

[[ $NAME =~ ^[a-z][a-z0-9-]{1,20}$ ]] || fail 2 "--name: 2 to 21 small letters, digits and dashes, a letter first"
[ -n "$PROJECT" ] || fail 2 "no project: give --project, or set CLOUDSDK_CORE_PROJECT"
[ -n "$REGION" ] || fail 2 "no region: give --region, such as europe-west1"
[[ $RUNS =~ ^(job|service)$ ]] || fail 2 "--runs takes job or service, not '$RUNS'"
[ $DESTROY = yes ] || [ -n "$IMAGE" ] || fail 2 "no image: give --image"

INSTANCE="$PROJECT:$REGION:$NAME"
RUNNER="$NAME-run@$PROJECT.iam.gserviceaccount.com"
CLOCK="$NAME-clock@$PROJECT.iam.gserviceaccount.com"
PASSWORD="$NAME-database-password" ADMIN_KEY="$NAME-admin-key"
HERE=(--project="$PROJECT" --quiet)

# Changes something, or says so.
cloud() {
  if [ $DRY = yes ]; then
    printf 'gcloud'
    printf ' %q' "$@" "${HERE[@]}"
    printf '\n'
  else
    gcloud "$@" "${HERE[@]}" || fail 1 "gcloud ${*:1:3}: see above. Mend it and run this again"
  fi
}
exists() { [ $DRY = no ] && gcloud "$@" "${HERE[@]}" >/dev/null 2>&1; }

if [ $DRY = no ]; then
  command -v gcloud >/dev/null || fail 3 "the Google Cloud command line (gcloud) is not installed"
  gcloud projects describe "$PROJECT" --format='value(projectNumber)' --quiet >/dev/null ||
    fail 1 "the project $PROJECT can't be read: gcloud auth login, and check its id"
fi

random() { head -c 48 /dev/urandom | base64 | tr -dc 'A-Za-z0-9'; }

account() {
  exists iam service-accounts describe "$1@$PROJECT.iam.gserviceaccount.com" ||
    cloud iam service-accounts create "$1" --display-name="$2"
}

secret() {
  if [ $DRY = yes ]; then
    cloud secrets create "$1" --replication-policy=automatic --data-file=-
  elif ! exists secrets describe "$1"; then
    random | cloud secrets create "$1" --replication-policy=automatic --data-file=-
  fi
  cloud secrets add-iam-policy-binding "$1" --member="serviceAccount:$RUNNER" \
    --role=roles/secretmanager.secretAccessor --format=none
}

database() {
  local common=(--tier="$TIER" --storage-auto-increase --backup-start-time=03:00 --enable-point-in-time-recovery
    --deletion-protection --connector-enforcement=REQUIRED)
  if exists sql instances describe "$NAME"; then
    cloud sql instances patch "$NAME" "${common[@]}"
  else
    cloud sql instances create "$NAME" --database-version=POSTGRES_17 --edition=enterprise --region="$REGION" \
      --storage-type=SSD --storage-size=10 "${common[@]}"
  fi
  exists sql databases describe kasparro --instance="$NAME" ||
    cloud sql databases create kasparro --instance="$NAME"
}

# The password goes through a file that only we may read: the list of processes shows arguments to everybody.
user() {
  local verb=create flags=FLAGS
  if exists sql users describe kasparro --instance="$NAME"; then verb=set-password; fi
  if [ $DRY = no ]; then
    flags=$(mktemp)
    # shellcheck disable=SC2064
    trap "rm -f '$flags'" EXIT
    printf -- '--password: %s\n' "$(gcloud secrets versions access latest --secret="$PASSWORD" "${HERE[@]}")" >"$flags"
  fi
  cloud sql users "$verb" kasparro --instance="$NAME" --flags-file="$flags"
}

# What all containers are given. ; stands between the variables, since a list of sources has commas.
containers() {
  local variables="^;^DATABASE_URL=postgresql://kasparro@/kasparro?host=/cloudsql/$INSTANCE;DATABASE_POOL_SIZE=4"
  variables+=";ETL_SOURCES=coinpaprika,coingecko;ETL_SCHEDULE=$1;LOG_FORMAT=json"
  variables+=";API_HOST=0.0.0.0;API_TRUSTED_PROXIES=169.254.0.0/16"
  CONTAINER=(--image="$IMAGE" --region="$REGION" --service-account="$RUNNER" --set-cloudsql-instances="$INSTANCE"
    --set-env-vars="$variables" --cpu=1 --command=kasparro)
}

migrate() {
  containers off
  cloud run jobs deploy "$NAME-migrate" "${CONTAINER[@]}" --args=db,migrate --memory=512Mi --max-retries=1 \
    --task-timeout=10m --set-secrets="PGPASSWORD=$PASSWORD:latest"
  cloud run jobs execute "$NAME-migrate" --region="$REGION" --wait
}

api() {
  local secrets="PGPASSWORD=$PASSWORD:latest,API_ADMIN_KEY=$ADMIN_KEY:latest"
  local access=--allow-unauthenticated how
  [ $PUBLIC = yes ] || access=--no-allow-unauthenticated
  if [ "$RUNS" = service ]; then
    containers "$SCHEDULE"
    how=(--args=up --min-instances=1 --max-instances=1 --no-cpu-throttling --memory=1Gi)
  else
    containers off
    how=(--args=serve --min-instances=0 --max-instances=3 --cpu-throttling --memory=512Mi)
  fi
  cloud run deploy "$NAME-api" "${CONTAINER[@]}" "${how[@]}" --port=8000 --concurrency=80 --cpu-boost \
    --execution-environment=gen2 --set-secrets="$secrets" "$access" \
    --startup-probe=httpGet.path=/livez,httpGet.port=8000,periodSeconds=2,failureThreshold=60,timeoutSeconds=1 \
    --liveness-probe=httpGet.path=/livez,httpGet.port=8000,periodSeconds=30,failureThreshold=3,timeoutSeconds=5
}

ingest() {
  local verb=create
  containers off
  cloud run jobs deploy "$NAME-ingest" "${CONTAINER[@]}" --args=ingest --memory=1Gi --max-retries=0 \
    --task-timeout=30m --set-secrets="PGPASSWORD=$PASSWORD:latest"
  account "$NAME-clock" "Kasparro: starts the runs"
  cloud run jobs add-iam-policy-binding "$NAME-ingest" --region="$REGION" --member="serviceAccount:$CLOCK" \
    --role=roles/run.invoker --format=none
  if exists scheduler jobs describe "$NAME-ingest" --location="$REGION"; then verb=update; fi
  cloud scheduler jobs "$verb" http "$NAME-ingest" --location="$REGION" --schedule="$SCHEDULE" --time-zone=Etc/UTC \
    --uri="https://run.googleapis.com/v2/projects/$PROJECT/locations/$REGION/jobs/$NAME-ingest:run" \
    --http-method=POST --oauth-service-account-email="$CLOCK" --attempt-deadline=60s
}

# Only what is there; in a dry run all of it.
remove() {
  local describe=$1
  shift
  if [ $DRY = yes ] || exists "${@:1:$describe}" describe "${@:$describe+2}"; then cloud "$@"; fi
}
no_runs_by_job() {
  remove 2 scheduler jobs delete "$NAME-ingest" --location="$REGION"
  remove 2 run jobs delete "$NAME-ingest" --region="$REGION"
}

destroy() {
  local answer
  if [ $YES = no ] && [ $DRY = no ]; then
    read -r -p "Remove $NAME from $PROJECT, the ledger and its backups too? Type its name: " answer
    [ "$answer" = "$NAME" ] || fail 2 "nothing was removed"
  fi
  no_runs_by_job
  remove 2 run services delete "$NAME-api" --region="$REGION"
  remove 2 run jobs delete "$NAME-migrate" --region="$REGION"
  if [ $DRY = yes ] || exists sql instances describe "$NAME"; then
    cloud sql instances patch "$NAME" --no-deletion-protection
    cloud sql instances delete "$NAME"
  fi
  remove 1 secrets delete "$PASSWORD"
  remove 1 secrets delete "$ADMIN_KEY"
  remove 2 iam service-accounts delete "$CLOCK"
  remove 2 iam service-accounts delete "$RUNNER"
  say "gone. The name of a database server can't be used again for a week: give --name to start anew before"
}

if [ $DESTROY = yes ]; then
  destroy
  exit 0
fi

cloud services enable run.googleapis.com sqladmin.googleapis.com secretmanager.googleapis.com \
  cloudscheduler.googleapis.com iam.googleapis.com
account "$NAME-run" "Kasparro: runs the containers"
cloud projects add-iam-policy-binding "$PROJECT" --member="serviceAccount:$RUNNER" --role=roles/cloudsql.client \
  --condition=None --format=none
database
secret "$PASSWORD"
secret "$ADMIN_KEY"
user
migrate
api
if [ "$RUNS" = job ]; then ingest; else no_runs_by_job; fi

if [ $DRY = no ]; then
  say "the API: $(gcloud run services describe "$NAME-api" --region="$REGION" --format='value(status.url)' "${HERE[@]}")"
  say "its admin key: gcloud secrets versions access latest --secret=$ADMIN_KEY --project=$PROJECT"
  if [ "$RUNS" = job ]; then say "runs: by $NAME-ingest ($SCHEDULE); now: gcloud run jobs execute $NAME-ingest --region=$REGION"; fi
fi

#!/usr/bin/env bash
# Kasparro on AWS: five CloudFormation stacks, from the network to the alarms. Run it again to change anything.
set -euo pipefail
cd "$(dirname "$0")"

STACKS=(network data edge tasks alarms)
NAME=kasparro IMAGE='' CERTIFICATE='' PLAIN=no DRY=no DESTROY=no YES=no ALLOW_FROM='' MAIL='' SCHEDULE=''
REGION="${AWS_REGION:-${AWS_DEFAULT_REGION:-}}"
MORE=()

usage() {
  cat <<'TEXT'
usage: deploy/aws-deploy.sh --image IMAGE --region REGION (--certificate ARN | --plain-http) [options]
       deploy/aws-deploy.sh --destroy --region REGION [--name NAME] [--yes]

  --image IMAGE        the image to run, by tag or digest
  --region REGION      where; AWS_REGION is taken without it
  --certificate ARN    the certificate of your name, for HTTPS
  --plain-http         do without; keys and data then travel readable for others
  --name NAME          what everything is named after (kasparro)
  --allow-from CIDR    who may reach the API (everybody)
  --mail ADDRESS       who is told of alarms (nobody)
  --schedule CRON      let EventBridge start the runs, as 'cron(0 * * * ? *)'; without it the worker does, hourly
  --set STACK.KEY=VALUE  any other parameter of deploy/aws/STACK.yaml, such as data.TwoZones=true; repeatable
  --dry-run            print the commands, change and ask nothing
  --destroy            remove everything; a last snapshot of the database stays
  --yes                don't ask before removing
  --help               this text

Exit codes: 0 done, 1 AWS said no, 2 wrong arguments, 3 something is missing on this machine.
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
    --region) value "$@"; REGION=$2; shift ;;
    --certificate) value "$@"; CERTIFICATE=$2; shift ;;
    --name) value "$@"; NAME=$2; shift ;;
    --allow-from) value "$@"; ALLOW_FROM=$2; shift ;;
    --mail) value "$@"; MAIL=$2; shift ;;
    --schedule) value "$@"; SCHEDULE=$2; shift ;;
    --set)
      value "$@"
      [[ $2 =~ ^(network|data|edge|tasks|alarms)\.[A-Za-z]+= ]] || fail 2 "--set takes STACK.KEY=VALUE, not '$2'"
      MORE+=("$2"); shift ;;
    --plain-http) PLAIN=yes ;;
    --dry-run) DRY=yes ;;
    --destroy) DESTROY=yes ;;
    --yes) YES=yes ;;
    --help | -h) usage; exit 0 ;;
    *) fail 2 "unknown option '$1'; --help lists all" ;;
  esac
  shift
done

[[ $NAME =~ ^[a-z][a-z0-9-]{1,20}$ ]] || fail 2 "--name: 2 to 21 small letters, digits and dashes, a letter first"
[ -n "$REGION" ] || fail 2 "no region: give --region, such as eu-central-1, or set AWS_REGION"
if [ $DESTROY = no ]; then
  [ -n "$IMAGE" ] || fail 2 "no image: give --image"
  [ -n "$CERTIFICATE" ] || [ $PLAIN = yes ] || fail 2 "give --certificate ARN for HTTPS, or --plain-http to do without"
  [ -z "$CERTIFICATE" ] || [ $PLAIN = no ] || fail 2 "--certificate and --plain-http exclude each other"
fi

cloud() {
  if [ $DRY = yes ]; then
    printf 'aws'
    printf ' %q' "$@" --region "$REGION"
    printf '\n'
  else
    aws "$@" --region "$REGION"
  fi
}
if [ $DRY = no ]; then
  command -v aws >/dev/null || fail 3 "the AWS command line (aws) is not installed"
  aws sts get-caller-identity --region "$REGION" --query Arn --output text >&2 ||
    fail 1 "AWS does not know who you are: 'aws configure' or the AWS_* variables of your account"
fi

status_of() {
  aws cloudformation describe-stacks --stack-name "$1" --region "$REGION" --query 'Stacks[0].StackStatus' \
    --output text 2>/dev/null || echo NONE
}
output_of() {
  aws cloudformation describe-stacks --stack-name "$1" --region "$REGION" \
    --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text
}
why() {
  aws cloudformation describe-stack-events --stack-name "$1" --region "$REGION" --output text --query \
    "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason] | [:5]" >&2 || true
}

# A stack whose first making failed can't be mended, only removed.
sweep() {
  [ $DRY = no ] && [ "$(status_of "$1")" = ROLLBACK_COMPLETE ] || return 0
  say "$1: what is left of a failed start is removed"
  cloud cloudformation delete-stack --stack-name "$1"
  cloud cloudformation wait stack-delete-complete --stack-name "$1"
}

deploy() {
  local stack=$1 entry
  shift
  local parameters=("Name=$NAME" "$@")
  for entry in ${MORE[@]+"${MORE[@]}"}; do
    [ "${entry%%.*}" != "$stack" ] || parameters+=("${entry#*.}")
  done
  say "$NAME-$stack …"
  sweep "$NAME-$stack"
  cloud cloudformation deploy --stack-name "$NAME-$stack" --template-file "aws/$stack.yaml" \
    --parameter-overrides "${parameters[@]}" --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
    --tags "app=$NAME" || {
    why "$NAME-$stack"
    fail 1 "the stack $NAME-$stack could not be made. Mend what is said above and run this again"
  }
}

destroy() {
  local i stack
  if [ $YES = no ] && [ $DRY = no ]; then
    read -r -p "Remove $NAME in $REGION, the ledger too? A last snapshot of it stays. Type its name: " answer
    [ "$answer" = "$NAME" ] || fail 2 "nothing was removed"
  fi
  if [ $DRY = yes ] || [ "$(status_of "$NAME-data")" != NONE ]; then
    deploy data Protected=false
  fi
  for ((i = ${#STACKS[@]} - 1; i >= 0; i--)); do
    stack="$NAME-${STACKS[$i]}"
    [ $DRY = yes ] || [ "$(status_of "$stack")" != NONE ] || continue
    say "$stack is removed …"
    cloud cloudformation delete-stack --stack-name "$stack"
    cloud cloudformation wait stack-delete-complete --stack-name "$stack" || {
      why "$stack"
      fail 1 "the stack $stack could not be removed"
    }
  done
  say "gone. The last snapshot costs its storage: aws rds describe-db-snapshots --region $REGION"
}

if [ $DESTROY = yes ]; then
  destroy
  exit 0
fi

deploy network ${ALLOW_FROM:+"AllowFrom=$ALLOW_FROM"}
deploy data
deploy edge "Certificate=$CERTIFICATE"
deploy tasks "Image=$IMAGE" "Schedule=$SCHEDULE"
deploy alarms ${MAIL:+"Mail=$MAIL"}

if [ $DRY = no ]; then
  say "the API: $(output_of "$NAME-edge" Url)"
  say "its admin key: aws secretsmanager get-secret-value --region $REGION --query SecretString --output text" \
    "--secret-id $(output_of "$NAME-data" AdminKey)"
fi

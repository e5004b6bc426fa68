# Kafka's jars and our compiled Java programs, in the cache. Sourced by scripts/kafka.
# shellcheck shell=bash disable=SC2154 # shares the variables of scripts/kafka

# Where Java is; fails with a sentence when it is missing or too old.
java_home() {
  local major
  java=${JAVA_HOME:+$JAVA_HOME/bin/}java
  javac=${JAVA_HOME:+$JAVA_HOME/bin/}javac
  command -v "$java" >/dev/null || die "no java: install a JDK of 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)"
  major=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  [ "${major:-0}" -ge 17 ] || die "$java is version ${major:-?}; Kafka 4 needs 17 or newer"
}

# Fetches the jars of one version with Maven, unless they are cached. The folder appears at once, whole.
fetch_jars() (
  version=$1 home=$cache/kafka-$1
  [ ! -f "$home/kafka-clients-$version.jar" ] || exit 0
  command -v mvn >/dev/null || die "the jars of Kafka $version are not in $home and Maven is missing (Debian: apt-get install maven)"
  mkdir -p "$cache"
  tmp=$(mktemp -d "$cache/.kafka-$version.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  pom "$version" >"$tmp/pom.xml"
  say "fetching Kafka $version into $home (once)"
  for try in 1 2 3; do
    if mvn -q -B -U -f "$tmp/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$tmp/jars" </dev/null >"$tmp/mvn.log" 2>&1 && [ -f "$tmp/jars/kafka-clients-$version.jar" ]; then
      # another process may have been quicker
      mv -T "$tmp/jars" "$home" 2>/dev/null || [ -f "$home/kafka-clients-$version.jar" ] || die "cannot write $home"
      exit 0
    fi
    say "Maven failed (try $try of 3)"
  done
  tail -n 20 "$tmp/mvn.log" >&2
  die "Maven could not fetch Kafka $version"
)

# The 3.x jars bring a logging backend along, the 4.x jars do not.
pom() {
  local version=$1 logging=
  case $version in
    3.*) ;;
    *) logging='<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>' ;;
  esac
  cat <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>ktui</groupId><artifactId>brokers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
    $logging
  </dependencies>
</project>
XML
}

# Prints the class path of one version, in a fixed order.
class_path() {
  fetch_jars "$1" || return 1
  printf '%s:' "$cache/kafka-$1"/*.jar | sed 's/:$//'
}

# Prints the folder with the classes of a single-file program, compiled against that version. Compiled once per source.
compiled() {
  local version=$1 source=$2 out tmp
  [ -f "$source" ] || die "there is no $source"
  out=$cache/classes/$version/$(basename "$source" .java)-$(cksum <"$source" | tr ' ' '-')
  if [ ! -d "$out" ]; then
    mkdir -p "$(dirname "$out")"
    tmp=$(mktemp -d "$out.XXXXXX")
    "$javac" -nowarn -Xlint:-options -d "$tmp" -cp "$(class_path "$version")" "$source" >&2 || { rm -rf "$tmp"; die "$source does not compile"; }
    mv -T "$tmp" "$out" 2>/dev/null || rm -rf "$tmp" # another process was quicker
  fi
  printf '%s\n' "$out"
}

# Becomes a Java program: a class of the jars, or a single-file program of ours.
run_java() {
  local version=$1 main=$2 path classes
  shift 2
  path=$(class_path "$version") || exit 1
  if [ "${main%.java}" != "$main" ]; then
    classes=$(compiled "$version" "$main") || exit 1
    path=$classes:$path
    main=$(basename "$main" .java)
  fi
  log_flags warn
  exec "$java" -Xmx256m "${small_jvm[@]}" "${log_flags[@]}" -cp "$path" "$main" "$@"
}

# A small heap, one collector thread and no optimising compiler: quick to start, light on two cores.
small_jvm=(-Xms32m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.awt.headless=true)

# Sets log_flags: both logging backends at one level, on standard error.
log_flags() {
  log_flags=("-Dktui.log=$1" "-Dlog4j.configuration=file:$here/kafka.d/log4j.properties"
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=$1" "-Dorg.slf4j.simpleLogger.showDateTime=true"
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS")
}

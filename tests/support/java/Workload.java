import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes records and runs consumer groups for the tests, with Kafka's own client (3.4.1 to 4.3.0).
 *
 * Started with the bootstrap list. Prints READY, then obeys JSON objects, one a line, on standard input:
 * {"id":1,"do":"create-topic",...}. Each is answered by one line {"id":1,"ok":{...}} or {"id":1,"error":"..."}, in any
 * order. Bytes are base64, null stays null. Ends, with all members it runs, when standard input closes. The commands
 * are the methods of this class that take a JsonNode; tests/support/java.rs has their Rust side.
 */
public final class Workload {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String bootstrap;
    private final Admin admin;
    private final AtomicLong handles = new AtomicLong();
    private final Map<Long, List<Member>> groups = new ConcurrentHashMap<>();
    private final Map<Long, KafkaProducer<byte[], byte[]>> open = new ConcurrentHashMap<>();
    private final Map<Long, Flow> flows = new ConcurrentHashMap<>();

    private Workload(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap, "client.id", "workload-admin"));
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Workload workload = new Workload(args[0]);
        ExecutorService pool = Executors.newCachedThreadPool();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        out.println("READY");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode command = JSON.readTree(line);
            pool.execute(() -> {
                String answer = workload.answer(command);
                synchronized (out) {
                    out.println(answer);
                }
            });
        }
        workload.leaveAll();
        Runtime.getRuntime().halt(0);
    }

    private String answer(JsonNode command) {
        ObjectNode answer = JSON.createObjectNode().put("id", command.get("id").asLong());
        try {
            answer.set("ok", obey(command));
        } catch (Throwable failure) {
            Throwable cause = failure instanceof ExecutionException ? failure.getCause() : failure;
            cause.printStackTrace();
            answer.put("error", cause.toString());
        }
        return answer.toString();
    }

    private JsonNode obey(JsonNode command) throws Exception {
        switch (command.get("do").asText()) {
            case "create-topic": return createTopic(command);
            case "delete-topic": return deleteTopic(command);
            case "add-partitions": return addPartitions(command);
            case "alter-topic": return alterTopic(command);
            case "reassign": return reassign(command);
            case "delete-records": return deleteRecords(command);
            case "produce": return produce(command);
            case "fill": return fill(command);
            case "end-transaction": return endTransaction(command);
            case "flow": return flow(command);
            case "end-flow": return endFlow(command);
            case "read": return read(command);
            case "offsets": return offsets(command);
            case "join": return join(command);
            case "members": return members(command);
            case "hold": return hold(command);
            case "leave": return leave(command);
            case "commit": return commit(command);
            case "committed": return committed(command);
            case "describe-group": return describeGroup(command);
            case "delete-group": return deleteGroup(command);
            default: throw new IllegalArgumentException("unknown command " + command.get("do"));
        }
    }

    // ---- topics ------------------------------------------------------------------------------------------------

    private JsonNode createTopic(JsonNode command) throws Exception {
        String topic = text(command, "topic");
        Map<String, String> configs = strings(command.get("configs"));
        NewTopic wanted;
        if (command.hasNonNull("assignments")) {
            Map<Integer, List<Integer>> replicas = new HashMap<>();
            for (JsonNode one : command.get("assignments")) {
                List<Integer> brokers = new ArrayList<>();
                one.forEach(broker -> brokers.add(broker.asInt()));
                replicas.put(replicas.size(), brokers);
            }
            wanted = new NewTopic(topic, replicas);
        } else {
            Optional<Short> copies = command.hasNonNull("replication")
                ? Optional.of((short) command.get("replication").asInt()) : Optional.empty();
            wanted = new NewTopic(topic, Optional.of(command.path("partitions").asInt(1)), copies);
        }
        admin.createTopics(List.of(wanted.configs(configs))).all().get();
        awaitLeaders(topic, Math.max(1, wanted.numPartitions()));
        return JSON.createObjectNode();
    }

    /** Waits until the broker asked names a leader for every partition. */
    private void awaitLeaders(String topic, int partitions) {
        await("leaders of " + topic, () -> {
            try {
                List<TopicPartitionInfo> found =
                    admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
                return found.size() >= partitions
                    && found.stream().allMatch(one -> one.leader() != null && one.isr().size() == one.replicas().size());
            } catch (ExecutionException | InterruptedException notYet) {
                return false;
            }
        });
    }

    private JsonNode deleteTopic(JsonNode command) throws Exception {
        admin.deleteTopics(List.of(text(command, "topic"))).all().get();
        return JSON.createObjectNode();
    }

    private JsonNode addPartitions(JsonNode command) throws Exception {
        int total = command.get("partitions").asInt();
        admin.createPartitions(Map.of(text(command, "topic"), NewPartitions.increaseTo(total))).all().get();
        awaitLeaders(text(command, "topic"), total);
        return JSON.createObjectNode();
    }

    private JsonNode alterTopic(JsonNode command) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        strings(command.get("configs")).forEach((name, value) ->
            changes.add(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, text(command, "topic"));
        admin.incrementalAlterConfigs(Map.of(topic, changes)).all().get();
        return JSON.createObjectNode();
    }

    private JsonNode reassign(JsonNode command) throws Exception {
        List<Integer> brokers = new ArrayList<>();
        command.get("replicas").forEach(broker -> brokers.add(broker.asInt()));
        admin.alterPartitionReassignments(
            Map.of(partition(command), Optional.of(new NewPartitionReassignment(brokers)))).all().get();
        return JSON.createObjectNode();
    }

    private JsonNode deleteRecords(JsonNode command) throws Exception {
        long before = command.get("before").asLong();
        admin.deleteRecords(Map.of(partition(command), RecordsToDelete.beforeOffset(before))).all().get();
        return JSON.createObjectNode();
    }

    private JsonNode offsets(JsonNode command) throws Exception {
        String topic = text(command, "topic");
        int count = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        Map<TopicPartition, OffsetSpec> first = new HashMap<>();
        Map<TopicPartition, OffsetSpec> last = new HashMap<>();
        for (int number = 0; number < count; number++) {
            first.put(new TopicPartition(topic, number), OffsetSpec.earliest());
            last.put(new TopicPartition(topic, number), OffsetSpec.latest());
        }
        Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> starts = admin.listOffsets(first).all().get();
        Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> ends = admin.listOffsets(last).all().get();
        ArrayNode partitions = JSON.createArrayNode();
        for (int number = 0; number < count; number++) {
            TopicPartition one = new TopicPartition(topic, number);
            partitions.addObject().put("partition", number)
                .put("start", starts.get(one).offset()).put("end", ends.get(one).offset());
        }
        return JSON.createObjectNode().set("partitions", partitions);
    }

    // ---- records -----------------------------------------------------------------------------------------------

    private KafkaProducer<byte[], byte[]> producer(JsonNode command) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("client.id", "workload-producer");
        properties.put("compression.type", command.path("codec").asText("none"));
        properties.put("linger.ms", "100"); // one call makes one batch for each partition where the size allows it
        properties.put("batch.size", Integer.toString(1 << 20));
        properties.put("max.request.size", Integer.toString(64 << 20));
        properties.put("delivery.timeout.ms", "60000");
        properties.put("enable.idempotence", command.path("idempotent").asBoolean(true));
        if (command.hasNonNull("transaction")) {
            properties.put("transactional.id", command.path("transactionalId").asText("workload-" + handles.incrementAndGet()
                + "-" + ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE)));
            properties.put("transaction.timeout.ms", command.path("transactionTimeoutMs").asText("600000"));
        }
        strings(command.get("properties")).forEach(properties::put);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Writes "records"; "transaction" is absent, "commit", "abort" or "open" (then "handle" ends it). */
    private JsonNode produce(JsonNode command) throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (JsonNode one : command.get("records")) {
            Integer partition = one.hasNonNull("partition") ? one.get("partition").asInt() : null;
            Long timestamp = one.hasNonNull("timestamp") ? one.get("timestamp").asLong() : null;
            ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(text(command, "topic"), partition, timestamp, bytes(one.get("key")), bytes(one.get("value")));
            if (one.hasNonNull("headers")) {
                one.get("headers").forEach(header -> record.headers().add(header.get("name").asText(), bytes(header.get("value"))));
            }
            records.add(record);
        }
        return write(command, records, true);
    }

    /** Writes "count" generated records: key k0000000, value of "bytes" bytes, spread over the partitions or in one. */
    private JsonNode fill(JsonNode command) throws Exception {
        int count = command.get("count").asInt();
        int size = command.path("bytes").asInt(20);
        int keys = command.path("keys").asInt(count);
        Integer partition = command.hasNonNull("partition") ? command.get("partition").asInt() : null;
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            byte[] value = String.format("%0" + size + "d", number).getBytes(StandardCharsets.UTF_8);
            byte[] key = String.format("k%07d", number % Math.max(1, keys)).getBytes(StandardCharsets.UTF_8);
            records.add(new ProducerRecord<>(text(command, "topic"), partition, key, value));
        }
        return write(command, records, false);
    }

    private JsonNode write(JsonNode command, List<ProducerRecord<byte[], byte[]>> records, boolean list) throws Exception {
        String transaction = command.path("transaction").asText(null);
        KafkaProducer<byte[], byte[]> producer = producer(command);
        boolean keep = false;
        try {
            if (transaction != null) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (ProducerRecord<byte[], byte[]> record : records) {
                sent.add(producer.send(record));
            }
            producer.flush();
            ObjectNode answer = JSON.createObjectNode();
            ArrayNode written = answer.putArray("records");
            for (int number = 0; number < records.size(); number++) {
                RecordMetadata where = sent.get(number).get();
                ProducerRecord<byte[], byte[]> record = records.get(number);
                if (list) {
                    written.add(describe(where.partition(), where.offset(), where.timestamp(), record.key(), record.value(),
                        record.headers()));
                }
            }
            if ("commit".equals(transaction)) {
                producer.commitTransaction();
            } else if ("abort".equals(transaction)) {
                producer.abortTransaction();
            } else if ("open".equals(transaction)) {
                long handle = handles.incrementAndGet();
                open.put(handle, producer);
                keep = true;
                answer.put("handle", handle);
            } else if (transaction != null) {
                throw new IllegalArgumentException("transaction is commit, abort or open");
            }
            return answer;
        } finally {
            if (!keep) {
                producer.close();
            }
        }
    }

    private JsonNode endTransaction(JsonNode command) {
        KafkaProducer<byte[], byte[]> producer = open.remove(command.get("handle").asLong());
        try {
            if (command.path("commit").asBoolean()) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        } finally {
            producer.close();
        }
        return JSON.createObjectNode();
    }

    /** Records that come without end, so many a second in each partition, until it is told to end. */
    private static final class Flow implements Runnable {
        private static final int STEPS = 5;
        private final KafkaProducer<byte[], byte[]> producer;
        private final String topic;
        private final int partitions;
        private final int perSecond;
        private final boolean transactional;
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile boolean closing;

        private Flow(KafkaProducer<byte[], byte[]> producer, JsonNode command) {
            this.producer = producer;
            this.topic = text(command, "topic");
            this.partitions = command.path("partitions").asInt(1);
            this.perSecond = command.get("perSecond").asInt();
            this.transactional = command.hasNonNull("transaction");
        }

        @Override
        public void run() {
            try {
                if (transactional) {
                    producer.initTransactions();
                }
                long begun = System.nanoTime();
                for (long step = 1; !closing; step++) {
                    if (transactional) {
                        producer.beginTransaction();
                    }
                    for (int partition = 0; partition < partitions; partition++) {
                        for (int number = 0; number < perSecond / STEPS; number++) {
                            producer.send(new ProducerRecord<>(topic, partition, null, "flow".getBytes(StandardCharsets.UTF_8)));
                        }
                    }
                    producer.flush();
                    if (transactional) {
                        producer.commitTransaction();
                    }
                    long rest = begun + step * 1_000_000_000L / STEPS - System.nanoTime();
                    Thread.sleep(Math.max(0, rest / 1_000_000));
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            } finally {
                producer.close();
                ended.countDown();
            }
        }
    }

    /** Writes "perSecond" records a second into each of "partitions" (1), "transaction": one after the other. */
    private JsonNode flow(JsonNode command) {
        Flow flow = new Flow(producer(command), command);
        long handle = handles.incrementAndGet();
        flows.put(handle, flow);
        Thread thread = new Thread(flow, "flow-" + handle);
        thread.setDaemon(true);
        thread.start();
        return JSON.createObjectNode().put("handle", handle);
    }

    private JsonNode endFlow(JsonNode command) throws Exception {
        Flow flow = flows.remove(command.get("handle").asLong());
        flow.closing = true;
        flow.ended.await();
        return JSON.createObjectNode();
    }

    /** Reads a whole topic as Kafka's own consumer does, without a group. */
    private JsonNode read(JsonNode command) throws Exception {
        String topic = text(command, "topic");
        Properties properties = consumerProperties(command);
        properties.put("auto.offset.reset", "earliest");
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode records = answer.putArray("records");
        try (Consumer<byte[], byte[]> consumer = consumer(properties)) {
            List<TopicPartition> all = new ArrayList<>();
            consumer.partitionsFor(topic).forEach(one -> all.add(new TopicPartition(topic, one.partition())));
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            await("the end of " + topic, () -> {
                ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(200));
                for (ConsumerRecord<byte[], byte[]> one : polled) {
                    if (one.offset() < ends.get(new TopicPartition(topic, one.partition()))) {
                        records.add(describe(one.partition(), one.offset(), one.timestamp(), one.key(), one.value(), one.headers()));
                    }
                }
                return all.stream().allMatch(one -> consumer.position(one) >= ends.get(one));
            });
        }
        return answer;
    }

    private static ObjectNode describe(int partition, long offset, long timestamp, byte[] key, byte[] value, Iterable<Header> headers) {
        ObjectNode record = JSON.createObjectNode();
        record.put("partition", partition).put("offset", offset).put("timestamp", timestamp);
        record.put("key", base64(key)).put("value", base64(value));
        ArrayNode list = record.putArray("headers");
        for (Header header : headers) {
            list.addObject().put("name", header.key()).put("value", base64(header.value()));
        }
        return record;
    }

    // ---- groups ------------------------------------------------------------------------------------------------

    private Properties consumerProperties(JsonNode command) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("enable.auto.commit", "false");
        properties.put("isolation.level", command.path("isolation").asText("read_uncommitted"));
        properties.put("fetch.max.wait.ms", "100");
        properties.put("default.api.timeout.ms", "60000");
        strings(command.get("properties")).forEach(properties::put);
        return properties;
    }

    private static Consumer<byte[], byte[]> consumer(Properties properties) {
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** One that cannot read a value which begins with a zero byte. */
    private static Consumer<byte[], byte[]> choking(Properties properties) {
        Deserializer<byte[]> values = (topic, value) -> {
            if (value != null && value.length > 0 && value[0] == 0) {
                throw new SerializationException("poison");
            }
            return value;
        };
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), values);
    }

    /** One member of a group, in its own thread until closed. */
    private static final class Member implements Runnable, ConsumerRebalanceListener {
        private final Consumer<byte[], byte[]> consumer;
        private final String clientId;
        private final List<String> topics;
        private final boolean commits;
        private final boolean behindRecords;
        private final long idleMs;
        private final AtomicLong left;
        private final CountDownLatch ended = new CountDownLatch(1);
        private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        private volatile boolean closing;
        /** Nothing is read before all members share the partitions: else one of them takes another's records. */
        private volatile boolean mayRead;
        private volatile Map<TopicPartition, Long> positions = Map.of();
        /** The partitions that it owns and does not read. */
        private volatile Set<Integer> held = Set.of();

        private Member(Consumer<byte[], byte[]> consumer, String clientId, List<String> topics, String commit, long idleMs,
            AtomicLong left) {
            this.consumer = consumer;
            this.clientId = clientId;
            this.topics = topics;
            this.commits = !"never".equals(commit);
            this.behindRecords = "records".equals(commit);
            this.idleMs = idleMs;
            this.left = left;
        }

        @Override
        public void run() {
            try {
                consumer.subscribe(topics, this);
                while (!closing) {
                    if (mayRead && left.get() > 0) {
                        consumer.resume(consumer.paused());
                        consumer.pause(consumer.assignment().stream().filter(one -> held.contains(one.partition())).toList());
                    }
                    ConsumerRecords<byte[], byte[]> polled;
                    try {
                        polled = consumer.poll(Duration.ofMillis(100));
                    } catch (RecordDeserializationException poison) {
                        Thread.sleep(50); // as those do that log it and poll again, for ever
                        continue;
                    }
                    long took = polled.count();
                    if (commits && took > 0 && !behindRecords) {
                        consumer.commitSync();
                    } else if (commits && took > 0) {
                        // The offset behind the last record, as most clients commit it: a marker may lie there.
                        Map<TopicPartition, OffsetAndMetadata> behind = new HashMap<>();
                        polled.forEach(one -> behind.put(
                            new TopicPartition(one.topic(), one.partition()), new OffsetAndMetadata(one.offset() + 1)));
                        consumer.commitSync(behind);
                    }
                    if (idleMs > 0 && took > 0) {
                        Thread.sleep(idleMs);
                    }
                    if (took > 0 && left.addAndGet(-took) <= 0 || left.get() <= 0) {
                        consumer.pause(consumer.assignment()); // stays a member, reads no more
                    }
                    Map<TopicPartition, Long> now = new HashMap<>();
                    consumer.assignment().forEach(one -> now.put(one, consumer.position(one)));
                    positions = now;
                }
            } catch (WakeupException woken) {
                closing = true;
            } catch (Throwable failure) {
                failures.add(failure);
            } finally {
                consumer.close();
                ended.countDown();
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            if (!mayRead) {
                consumer.pause(partitions);
            }
        }
    }

    /**
     * Starts "members" members (1) of "group" on "topics" and waits until the group is stable with all of them and
     * every partition has an owner. "commit" is "each" (after each poll), "records" (the offset behind the last record) or "never"; "limit" stops reading after exactly
     * so many records a member; "idleMs" is what its work on the records of a poll takes; "protocol" is "classic" or
     * "consumer"; "instance" makes them static members instance-0, -1, ...;
     * "chokes" makes them stand at a value that begins with a zero byte;
     * "drain" waits until they have read to the end. The answer has "handle" and "members".
     */
    private JsonNode join(JsonNode command) throws Exception {
        List<String> topics = new ArrayList<>();
        command.get("topics").forEach(one -> topics.add(one.asText()));
        String commit = command.path("commit").asText("each");
        String protocol = command.path("protocol").asText("classic");
        List<Member> started = new ArrayList<>();
        for (int number = 0; number < command.path("members").asInt(1); number++) {
            Properties properties = consumerProperties(command);
            String clientId = command.path("client").asText("workload") + "-" + number;
            properties.put("group.id", text(command, "group"));
            properties.putIfAbsent("auto.offset.reset", "earliest");
            properties.put("client.id", clientId);
            if ("consumer".equals(protocol)) {
                properties.put("group.protocol", "consumer");
            } else {
                properties.putIfAbsent("heartbeat.interval.ms", "500");
                properties.putIfAbsent("session.timeout.ms", "20000");
            }
            if (command.hasNonNull("instance")) {
                properties.put("group.instance.id", command.get("instance").asText() + "-" + number);
            }
            AtomicLong limit = new AtomicLong(command.hasNonNull("limit") ? command.get("limit").asLong() : Long.MAX_VALUE);
            if (limit.get() != Long.MAX_VALUE) {
                properties.put("max.poll.records", "1"); // so that the limit is exact
            }
            boolean chokes = command.path("chokes").asBoolean();
            Member member = new Member(chokes ? choking(properties) : consumer(properties), clientId, topics, commit,
                command.path("idleMs").asLong(0), limit);
            started.add(member);
            Thread thread = new Thread(member, clientId);
            thread.setDaemon(true);
            thread.start();
        }
        long handle = handles.incrementAndGet();
        groups.put(handle, started);
        awaitStable(text(command, "group"), started, topics);
        started.forEach(member -> member.mayRead = true);
        if (command.path("drain").asBoolean()) {
            awaitDrained(started, topics);
        }
        ObjectNode answer = JSON.createObjectNode().put("handle", handle);
        answer.set("members", describe(text(command, "group")).get("members"));
        return answer;
    }

    private long partitionsOf(List<String> topics) throws Exception {
        long partitions = 0;
        for (String topic : topics) {
            partitions += admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        }
        return partitions;
    }

    private static void check(List<Member> members) {
        for (Member member : members) {
            if (!member.failures.isEmpty()) {
                throw new IllegalStateException(member.failures.peek());
            }
        }
    }

    private void awaitStable(String group, List<Member> started, List<String> topics) throws Exception {
        long wanted = partitionsOf(topics);
        await("group " + group, () -> {
            check(started);
            try {
                ConsumerGroupDescription found = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
                Set<String> present = ConcurrentHashMap.newKeySet();
                long owned = 0;
                for (MemberDescription member : found.members()) {
                    present.add(member.clientId());
                    owned += member.assignment().topicPartitions().size();
                }
                return "Stable".equals(stateOf(found)) && owned == wanted
                    && started.stream().allMatch(member -> present.contains(member.clientId));
            } catch (ExecutionException | InterruptedException notYet) {
                return false;
            }
        });
    }

    private void awaitDrained(List<Member> started, List<String> topics) throws Exception {
        long wanted = partitionsOf(topics);
        await("the members to read to the end", () -> {
            check(started);
            try {
                return drained(started, wanted);
            } catch (ExecutionException | InterruptedException notYet) {
                return false;
            }
        });
    }

    private boolean drained(List<Member> started, long wanted) throws ExecutionException, InterruptedException {
        Map<TopicPartition, Long> positions = new HashMap<>();
        started.forEach(member -> positions.putAll(member.positions));
        if (positions.size() < wanted) {
            return false;
        }
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        positions.keySet().forEach(one -> asked.put(one, OffsetSpec.latest()));
        return admin.listOffsets(asked).all().get().entrySet().stream()
            .allMatch(end -> positions.get(end.getKey()) >= end.getValue().offset());
    }

    private JsonNode members(JsonNode command) {
        ArrayNode list = JSON.createArrayNode();
        for (Member member : groups.get(command.get("handle").asLong())) {
            ObjectNode one = list.addObject().put("clientId", member.clientId);
            ArrayNode positions = one.putArray("positions");
            member.positions.forEach((where, position) -> positions.addObject()
                .put("topic", where.topic()).put("partition", where.partition()).put("position", position));
        }
        return JSON.createObjectNode().set("members", list);
    }

    /** The members read the "partitions" of these numbers no more, and stay their owners. */
    private JsonNode hold(JsonNode command) {
        Set<Integer> held = ConcurrentHashMap.newKeySet();
        command.get("partitions").forEach(one -> held.add(one.asInt()));
        groups.get(command.get("handle").asLong()).forEach(member -> member.held = held);
        return JSON.createObjectNode();
    }

    private JsonNode leave(JsonNode command) throws Exception {
        close(groups.remove(command.get("handle").asLong()));
        return JSON.createObjectNode();
    }

    private static void close(List<Member> members) throws InterruptedException {
        for (Member member : members) {
            member.closing = true;
            member.consumer.wakeup();
        }
        for (Member member : members) {
            member.ended.await();
        }
    }

    private void leaveAll() {
        groups.values().forEach(members -> members.forEach(member -> member.closing = true));
    }

    private JsonNode commit(JsonNode command) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (JsonNode one : command.get("offsets")) {
            offsets.put(partition(one), new OffsetAndMetadata(one.get("offset").asLong(), one.path("metadata").asText("")));
        }
        admin.alterConsumerGroupOffsets(text(command, "group"), offsets).all().get();
        return JSON.createObjectNode();
    }

    private JsonNode committed(JsonNode command) throws Exception {
        ArrayNode list = JSON.createArrayNode();
        Map<TopicPartition, OffsetAndMetadata> found =
            admin.listConsumerGroupOffsets(text(command, "group")).partitionsToOffsetAndMetadata().get();
        found.forEach((where, offset) -> {
            if (offset != null) {
                list.addObject().put("topic", where.topic()).put("partition", where.partition())
                    .put("offset", offset.offset()).put("metadata", offset.metadata());
            }
        });
        return JSON.createObjectNode().set("offsets", list);
    }

    private JsonNode describeGroup(JsonNode command) throws Exception {
        return describe(text(command, "group"));
    }

    private ObjectNode describe(String group) throws Exception {
        ConsumerGroupDescription found = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        ObjectNode answer = JSON.createObjectNode().put("state", stateOf(found)).put("assignor", found.partitionAssignor())
            .put("coordinator", found.coordinator().id());
        ArrayNode members = answer.putArray("members");
        for (MemberDescription member : found.members()) {
            ObjectNode one = members.addObject().put("memberId", member.consumerId()).put("clientId", member.clientId())
                .put("host", member.host()).put("instance", member.groupInstanceId().orElse(null));
            ArrayNode partitions = one.putArray("partitions");
            member.assignment().topicPartitions().forEach(where ->
                partitions.addObject().put("topic", where.topic()).put("partition", where.partition()));
        }
        return answer;
    }

    /** The state's name; the method that gives it changed its return type between the client's versions. */
    private static String stateOf(ConsumerGroupDescription group) {
        try {
            return ConsumerGroupDescription.class.getMethod("groupState").invoke(group).toString();
        } catch (ReflectiveOperationException older) {
            return group.state().toString();
        }
    }

    private JsonNode deleteGroup(JsonNode command) throws Exception {
        admin.deleteConsumerGroups(List.of(text(command, "group"))).all().get();
        return JSON.createObjectNode();
    }

    // ---- small things ------------------------------------------------------------------------------------------

    private static void await(String what, BooleanSupplier holds) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("gave up waiting for " + what);
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException stopped) {
                throw new IllegalStateException(stopped);
            }
        }
    }

    private static String text(JsonNode command, String name) {
        JsonNode value = command.get(name);
        if (value == null || !value.isTextual()) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value.asText();
    }

    private static TopicPartition partition(JsonNode command) {
        return new TopicPartition(text(command, "topic"), command.path("partition").asInt());
    }

    private static Map<String, String> strings(JsonNode object) {
        Map<String, String> found = new TreeMap<>();
        if (object != null && object.isObject()) {
            object.fields().forEachRemaining(one -> found.put(one.getKey(), one.getValue().asText()));
        }
        return found;
    }

    private static byte[] bytes(JsonNode value) {
        return value == null || value.isNull() ? null : Base64.getDecoder().decode(value.asText());
    }

    private static String base64(byte[] value) {
        return value == null ? null : Base64.getEncoder().encodeToString(value);
    }
}

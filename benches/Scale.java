import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Fills a cluster for benches/interactive.sh and leaves it alone: nothing moves once this has ended.
 *
 * `scale-00000` and so on: TOPICS topics of one partition, empty. `aa-newest`: 12 partitions with 120,000 records.
 * `lag`: 60 partitions of 100 records. `group-000` and so on: GROUPS groups without members that have committed an offset
 * for every partition of `lag`.
 *
 * Arguments: bootstrap list, TOPICS, GROUPS.
 */
public final class Scale {
    private static final int LAG_PARTITIONS = 60;
    private static final int LAG_RECORDS = 100;
    private static final int NEWEST_PARTITIONS = 12;
    private static final int NEWEST_RECORDS = 10_000;
    private static final int TOPICS_AT_ONCE = 500;
    private static final int GROUPS_AT_ONCE = 100;
    private static final int TRIES = 5;

    public static void main(String[] args) throws Exception {
        int topics = Integer.parseInt(args[1]);
        int groups = Integer.parseInt(args[2]);
        try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", args[0]))) {
            List<NewTopic> all = new ArrayList<>();
            all.add(topic("aa-newest", NEWEST_PARTITIONS));
            all.add(topic("lag", LAG_PARTITIONS));
            IntStream.range(0, topics).forEach(number -> all.add(topic(String.format("scale-%05d", number), 1)));
            Set<String> there = admin.listTopics().names().get();
            all.removeIf(topic -> there.contains(topic.name())); // a run that was interrupted goes on
            for (int done = 0; done < all.size(); done += TOPICS_AT_ONCE) {
                admin.createTopics(all.subList(done, Math.min(all.size(), done + TOPICS_AT_ONCE))).all().get();
            }
            if (!there.contains("lag")) {
                produce(args[0]);
            }
        }
        for (int tries = 1; !commitAll(args[0], groups); tries++) {
            if (tries == TRIES) {
                System.exit(1);
            }
        }
    }

    /** One replica: what is measured is the length of the list, and three brokers share two cores. */
    private static NewTopic topic(String name, int partitions) {
        return new NewTopic(name, Optional.of(partitions), Optional.of((short) 1));
    }

    private static void produce(String bootstrap) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("linger.ms", "20");
        settings.put("compression.type", "lz4");
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int number = 0; number < NEWEST_RECORDS; number++) {
                for (int partition = 0; partition < NEWEST_PARTITIONS; partition++) {
                    send(producer, "aa-newest", partition, number);
                }
            }
            for (int number = 0; number < LAG_RECORDS; number++) {
                for (int partition = 0; partition < LAG_PARTITIONS; partition++) {
                    send(producer, "lag", partition, number);
                }
            }
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, int partition, int number) {
        String value = String.format("{\"id\":%d,\"partition\":%d,\"status\":\"paid\",\"amount\":%d.%02d,\"note\":\"record of a bench\"}",
            number, partition, number % 1000, number % 100);
        byte[] key = ("key-" + partition + "-" + number).getBytes(StandardCharsets.UTF_8);
        producer.send(new ProducerRecord<>(topic, partition, key, value.getBytes(StandardCharsets.UTF_8)));
    }

    /** Answers whether it went well: on a loaded machine the brokers may be busy with the topics for longer than a client waits. */
    private static boolean commitAll(String bootstrap, int groups) throws InterruptedException {
        try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap))) {
            commit(admin, 0, Math.min(groups, 1)); // makes __consumer_offsets
            for (int done = 0; done < groups; done += GROUPS_AT_ONCE) {
                commit(admin, done, Math.min(groups, done + GROUPS_AT_ONCE));
            }
            return true;
        } catch (ExecutionException failure) {
            System.err.println(failure.getMessage());
            return false;
        }
    }

    /** A different lag for each group: between them they lag by 0 to 99 on each partition. */
    private static void commit(Admin admin, int from, int to) throws InterruptedException, ExecutionException {
        List<KafkaFuture<Void>> commits = new ArrayList<>();
        for (int group = from; group < to; group++) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (int partition = 0; partition < LAG_PARTITIONS; partition++) {
                offsets.put(new TopicPartition("lag", partition), new OffsetAndMetadata(1 + (group + partition) % LAG_RECORDS));
            }
            commits.add(admin.alterConsumerGroupOffsets(String.format("group-%03d", group), offsets).all());
        }
        for (KafkaFuture<Void> commit : commits) {
            commit.get();
        }
    }
}

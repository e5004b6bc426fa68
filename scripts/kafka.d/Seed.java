import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Fills a cluster with what four kinds of installation hold, and keeps it moving until it is ended:
 *
 * A  a trading feed: eight topics of 12 partitions, one group on all 96
 * B  a home lab: webhooks and events as JSON, keyed by repository
 * C  a work queue of 10 partitions with more workers than partitions
 * D  a company: eleven topics, transactions, a dead letter queue, compacted tables, Avro, groups in every condition
 *
 * Arguments: bootstrap list, and `kip848` where the brokers know the consumer protocol. Prints READY when the history is
 * written and the groups have their members.
 */
public final class Seed {
    private static final long DAY = 86_400_000L;
    private static final long HISTORY = 6 * 3_600_000L;
    private static final Random RANDOM = new Random(7);

    /** A topic: what its records look like, how many there are to begin with, and how many come each second. */
    private record Topic(String name, int partitions, Kind kind, int history, double rate, Map<String, String> configs) {
    }

    private enum Kind { TRADE, BOOK, WEBHOOK, SECURITY, REQUEST, ORDER, PAYMENT, DEAD_LETTER, STOCK, CUSTOMER, CLICK, LOG }

    private static final List<Topic> TOPICS = new ArrayList<>();

    private static void topic(String name, int partitions, Kind kind, int history, double rate, String... configs) {
        Map<String, String> all = new HashMap<>();
        for (String config : configs) {
            all.put(config.substring(0, config.indexOf('=')), config.substring(config.indexOf('=') + 1));
        }
        TOPICS.add(new Topic(name, partitions, kind, history, rate, all));
    }

    private static String retention(int days) {
        return "retention.ms=" + days * DAY;
    }

    static {
        topic("odin.trades", 12, Kind.TRADE, 20_000, 25);
        topic("odin.liquidity", 12, Kind.BOOK, 12_000, 10);
        topic("odin.orderbook", 12, Kind.BOOK, 12_000, 10);
        topic("odin.candles", 12, Kind.TRADE, 3_000, 1);
        topic("odin.tickers", 12, Kind.TRADE, 6_000, 5);
        topic("odin.funding", 12, Kind.TRADE, 600, 0.2);
        topic("odin.liquidations", 12, Kind.TRADE, 400, 0.5);
        topic("odin.positions", 12, Kind.TRADE, 2_000, 1, "cleanup.policy=compact");

        topic("deployment-webhooks", 3, Kind.WEBHOOK, 900, 0.5);
        topic("security-events", 3, Kind.SECURITY, 500, 0.3);
        topic("trading-events", 3, Kind.TRADE, 1_500, 1);
        topic("dev-events", 3, Kind.WEBHOOK, 700, 0.3);
        topic("deployment-results", 1, Kind.WEBHOOK, 300, 0.2);

        topic("problem-generation-requests", 10, Kind.REQUEST, 2_000, 2, retention(7));

        topic("orders", 12, Kind.ORDER, 8_000, 4, retention(30), "compression.type=zstd");
        topic("payments", 12, Kind.PAYMENT, 4_000, 2, retention(90));
        topic("payments.dlq", 4, Kind.DEAD_LETTER, 23, 0.02, retention(30));
        topic("shipments", 6, Kind.ORDER, 3_000, 1, retention(30), "compression.type=lz4");
        topic("invoices", 6, Kind.ORDER, 2_500, 0.5, retention(365));
        topic("inventory", 8, Kind.STOCK, 5_000, 2, "cleanup.policy=compact");
        topic("customers", 12, Kind.CUSTOMER, 3_000, 0.5, "cleanup.policy=compact");
        topic("notifications", 8, Kind.CUSTOMER, 2_000, 1, retention(7));
        topic("clicks", 12, Kind.CLICK, 15_000, 10, retention(7), "compression.type=gzip");
        topic("audit.events", 4, Kind.LOG, 1_200, 0.3, retention(365), "message.timestamp.type=LogAppendTime");
        topic("search.updates", 6, Kind.STOCK, 2_500, 1, retention(14), "compression.type=snappy");
    }

    private final String bootstrap;
    private final AtomicInteger serial = new AtomicInteger(100_000);

    private Seed(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    public static void main(String[] args) throws Exception {
        new Seed(args[0]).run(args.length > 1 && args[1].equals("kip848"));
    }

    private void run(boolean kip848) throws Exception {
        createTopics();
        try (KafkaProducer<byte[], byte[]> producer = producer("history", Map.of("linger.ms", "50"))) {
            for (Topic topic : TOPICS) {
                if (topic.kind != Kind.PAYMENT) {
                    writeHistory(producer, topic);
                }
            }
        }
        payHistory();
        commitEmptyGroup();
        describeGroups(kip848);
        joined = new CountDownLatch(members.size());
        members.forEach(member -> thread(member.properties.getProperty("client.id"), () -> consume(member)));
        thread("live", this::produceForever);
        thread("payments", this::payForever);
        if (!joined.await(90, TimeUnit.SECONDS)) {
            System.err.println(joined.getCount() + " members have not joined yet");
        }
        System.out.println("READY");
        new CountDownLatch(1).await(); // until killed
    }

    // ---- topics and records ------------------------------------------------------------------------------------

    private void createTopics() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            short copies = (short) Math.min(3, admin.describeCluster().nodes().get().size());
            for (Topic topic : TOPICS) {
                Map<String, String> configs = new HashMap<>(topic.configs);
                if (copies == 3) {
                    configs.put("min.insync.replicas", "2");
                }
                try {
                    NewTopic wanted = new NewTopic(topic.name, Optional.of(topic.partitions), Optional.of(copies)).configs(configs);
                    admin.createTopics(List.of(wanted)).all().get();
                } catch (ExecutionException failure) {
                    if (!(failure.getCause() instanceof TopicExistsException)) {
                        throw failure;
                    }
                }
            }
        }
    }

    private KafkaProducer<byte[], byte[]> producer(String client, Map<String, String> more) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("client.id", client);
        properties.put("buffer.memory", "16777216");
        properties.putAll(more);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private void writeHistory(KafkaProducer<byte[], byte[]> producer, Topic topic) {
        long now = System.currentTimeMillis();
        for (int number = 0; number < topic.history; number++) {
            producer.send(make(topic, now - HISTORY + HISTORY * number / topic.history));
        }
        producer.flush();
    }

    private ProducerRecord<byte[], byte[]> make(Topic topic, long time) {
        int number = serial.incrementAndGet();
        String symbol = pick("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "DOGE-USD", "AVAX-USD", "LINK-USD", "TON-USD");
        String repository = pick("acme/web-shop", "acme/billing", "homelab/infra", "homelab/dashboards", "acme/mobile-app");
        double price = Math.round(RANDOM.nextDouble() * 6_000_000) / 100.0;
        String key;
        String value;
        switch (topic.kind) {
            case TRADE:
                key = symbol;
                value = String.format("{\"symbol\":\"%s\",\"price\":%.2f,\"qty\":%.4f,\"side\":\"%s\",\"ts\":%d,\"tradeId\":%d}",
                    symbol, price, RANDOM.nextDouble() * 3, pick("buy", "sell"), time, 9_007_199_254_740_993L + number);
                break;
            case BOOK:
                key = symbol;
                value = String.format("{\"symbol\":\"%s\",\"bids\":[[%.2f,%.3f],[%.2f,%.3f]],\"asks\":[[%.2f,%.3f]],\"seq\":%d}",
                    symbol, price, RANDOM.nextDouble(), price - 1, RANDOM.nextDouble(), price + 1, RANDOM.nextDouble(), number);
                break;
            case WEBHOOK:
                key = repository;
                value = String.format("{\"repo_name\":\"%s\",\"ref\":\"refs/heads/%s\",\"commit\":\"%08x\",\"status\":\"%s\","
                    + "\"duration_s\":%d,\"author\":\"%s\"}", repository, pick("main", "release/2.4", "fix/überlauf"),
                    RANDOM.nextInt(), pick("success", "success", "success", "failure", "cancelled"), RANDOM.nextInt(900),
                    pick("mira", "jonas", "李雷", "samira"));
                break;
            case SECURITY:
                key = repository;
                value = String.format("{\"repo_name\":\"%s\",\"severity\":\"%s\",\"rule\":\"%s\",\"path\":\"src/%s.ts\",\"fixed\":%b}",
                    repository, pick("low", "medium", "high", "critical"), pick("hard-coded-secret", "sql-injection", "old-dependency"),
                    pick("auth", "cart", "db"), RANDOM.nextBoolean());
                break;
            case REQUEST:
                key = null; // spread over the partitions
                value = String.format("{\"request_id\":\"req-%d\",\"topic\":\"%s\",\"difficulty\":%d,\"count\":%d}", number,
                    pick("graphs", "dynamic programming", "strings", "geometry"), 1 + RANDOM.nextInt(5), 1 + RANDOM.nextInt(20));
                break;
            case ORDER:
                key = "order-" + number;
                value = String.format("{\"orderId\":\"order-%d\",\"customer\":\"c-%04d\",\"total\":%.2f,\"currency\":\"%s\","
                    + "\"lines\":[{\"sku\":\"sku-%d\",\"qty\":%d}],\"placedAt\":\"%s\"}", number, RANDOM.nextInt(3000), price / 100,
                    pick("EUR", "USD", "GBP"), RANDOM.nextInt(500), 1 + RANDOM.nextInt(4), Instant.ofEpochMilli(time));
                break;
            case PAYMENT:
                key = "order-" + number;
                value = String.format("{\"paymentId\":%d,\"amount\":\"%.2f\",\"method\":\"%s\",\"state\":\"%s\"}", number, price / 100,
                    pick("card", "sepa", "wallet"), pick("authorised", "captured", "captured", "refunded"));
                break;
            case DEAD_LETTER:
                key = "order-" + number;
                value = "{\"paymentId\":" + number + ",\"amount\":\"12,50\",\"method\":"; // the cut-off JSON that broke the consumer
                break;
            case STOCK:
                key = "sku-" + RANDOM.nextInt(500);
                value = RANDOM.nextInt(40) == 0 ? null // a tombstone
                    : String.format("{\"sku\":\"%s\",\"onHand\":%d,\"reserved\":%d}", key, RANDOM.nextInt(1000), RANDOM.nextInt(50));
                break;
            case CLICK:
                key = String.format("session-%05x", RANDOM.nextInt(1 << 20));
                value = String.format("{\"path\":\"/%s\",\"ms\":%d,\"ua\":\"%s\"}", pick("", "cart", "search?q=%E2%9C%93", "p/4711"),
                    RANDOM.nextInt(3000), pick("Firefox/140", "Safari/19", "curl/8"));
                break;
            case CUSTOMER: {
                key = String.format("c-%04d", RANDOM.nextInt(3000));
                byte[] avro = avro(7, key, pick("Ana Souza", "李雷", "Jörg Weiß", "O'Neill"), RANDOM.nextInt(5000));
                return record(topic, time, key, avro, number);
            }
            default:
                key = "";
                value = String.format("%s INFO user=%s action=%s from=10.%d.%d.%d", Instant.ofEpochMilli(time),
                    pick("mira", "root", "deploy"), pick("login", "topic.create", "acl.add", "logout"), RANDOM.nextInt(256),
                    RANDOM.nextInt(256), RANDOM.nextInt(256));
        }
        return record(topic, time, key, value == null ? null : value.getBytes(StandardCharsets.UTF_8), number);
    }

    private static ProducerRecord<byte[], byte[]> record(Topic topic, long time, String key, byte[] value, int number) {
        byte[] keyBytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic.name, null, time, keyBytes, value);
        if (topic.kind == Kind.ORDER || topic.kind == Kind.DEAD_LETTER || topic.kind == Kind.REQUEST) {
            record.headers().add("trace-id", String.format("%016x", number * 2_654_435_761L).getBytes(StandardCharsets.UTF_8));
            record.headers().add("content-type", "application/json".getBytes(StandardCharsets.UTF_8));
        }
        if (topic.kind == Kind.DEAD_LETTER) {
            record.headers().add("error", "JsonEOFException at line 1, column 48".getBytes(StandardCharsets.UTF_8));
            record.headers().add("retry", "1".getBytes(StandardCharsets.UTF_8));
            record.headers().add("retry", "2".getBytes(StandardCharsets.UTF_8));
            record.headers().add("acknowledged-by", null);
        }
        return record;
    }

    /** A record of two strings and a number in Avro, framed as the Schema Registry's serializers do. */
    private static byte[] avro(int schema, String id, String name, long points) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(5).put((byte) 0).putInt(schema).array());
        for (String text : new String[] {id, name}) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            zigzag(out, bytes.length);
            out.writeBytes(bytes);
        }
        zigzag(out, points);
        return out.toByteArray();
    }

    private static void zigzag(ByteArrayOutputStream out, long number) {
        long left = (number << 1) ^ (number >> 63);
        while ((left & ~0x7fL) != 0) {
            out.write((int) (left & 0x7f | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }

    private static String pick(String... choices) {
        return choices[RANDOM.nextInt(choices.length)];
    }

    private static Topic named(String name) {
        return TOPICS.stream().filter(topic -> topic.name.equals(name)).findFirst().orElseThrow();
    }

    // ---- what goes on ------------------------------------------------------------------------------------------

    private void produceForever() {
        try (KafkaProducer<byte[], byte[]> producer = producer("live", Map.of())) {
            while (true) {
                for (Topic topic : TOPICS) {
                    // ten ticks a second; a rate below one a tick is a chance
                    double due = topic.rate / 10;
                    long count = (long) due + (RANDOM.nextDouble() < due % 1 ? 1 : 0);
                    for (long number = 0; number < count && topic.kind != Kind.PAYMENT; number++) {
                        producer.send(make(topic, System.currentTimeMillis()));
                    }
                }
                pause(100);
            }
        }
    }

    private KafkaProducer<byte[], byte[]> paymentsProducer() {
        KafkaProducer<byte[], byte[]> producer = producer("payments-service", Map.of("transactional.id", "payments-service-1"));
        producer.initTransactions();
        return producer;
    }

    /** Transactions of 100, every ninth aborted. */
    private void payHistory() {
        Topic payments = named("payments");
        long now = System.currentTimeMillis();
        try (KafkaProducer<byte[], byte[]> producer = paymentsProducer()) {
            for (int done = 0; done < payments.history; done += 100) {
                producer.beginTransaction();
                for (int number = 0; number < 100; number++) {
                    producer.send(make(payments, now - HISTORY + HISTORY * (done + number) / payments.history));
                }
                end(producer, done / 100);
            }
        }
    }

    private void payForever() {
        try (KafkaProducer<byte[], byte[]> producer = paymentsProducer()) {
            for (int round = 0; ; round++) {
                producer.beginTransaction();
                for (int number = 0; number < 4; number++) {
                    producer.send(make(named("payments"), System.currentTimeMillis()));
                }
                pause(2000);
                end(producer, round);
            }
        }
    }

    private static void end(KafkaProducer<byte[], byte[]> producer, int round) {
        producer.flush(); // or an abort would drop what was not sent yet
        if (round % 9 == 8) {
            producer.abortTransaction();
        } else {
            producer.commitTransaction();
        }
    }

    // ---- groups ------------------------------------------------------------------------------------------------

    private enum Pace { QUICK, SLOW, STUCK, NEVER_COMMITS }

    private record Member(Properties properties, Pace pace, List<String> topics) {
    }

    private final List<Member> members = new ArrayList<>();
    private CountDownLatch joined;

    private void describeGroups(boolean kip848) {
        String[] odin = TOPICS.stream().map(Topic::name).filter(name -> name.startsWith("odin.")).toArray(String[]::new);
        Map<String, String> auto = Map.of("enable.auto.commit", "true", "auto.commit.interval.ms", "5000");
        Map<String, String> committed = Map.of("isolation.level", "read_committed");
        Map<String, String> fixed = Map.of("group.instance.id", "by client id", "session.timeout.ms", "30000");
        group("ws-server-production", "ws-server", 2, Pace.QUICK, auto, odin);
        group("problem-generator-workers", "worker", 13, Pace.SLOW, Map.of(), "problem-generation-requests");
        group("deploy-dashboard", "dashboard", 1, Pace.QUICK, Map.of(), "deployment-webhooks", "deployment-results", "dev-events");
        group("billing", "billing", 3, Pace.QUICK, committed, "orders", "payments", "invoices");
        group("fulfilment", "fulfilment", 2, Pace.SLOW, Map.of(), "orders", "shipments", "inventory");
        group("fraud-detector", "fraud", 2, Pace.STUCK, Map.of(), "payments");
        group("search-indexer", "indexer", 1, Pace.NEVER_COMMITS, Map.of(), "search.updates", "inventory");
        group("click-archiver", "archive", 2, Pace.QUICK, fixed, "clicks");
        if (kip848) {
            group("notifier", "notifier", 3, Pace.QUICK, Map.of("group.protocol", "consumer"), "notifications", "customers");
        }
    }

    private void group(String group, String client, int count, Pace pace, Map<String, String> more, String... topics) {
        for (int number = 1; number <= count; number++) {
            Properties properties = new Properties();
            properties.put("bootstrap.servers", bootstrap);
            properties.put("group.id", group);
            properties.put("client.id", client + "-" + number);
            properties.put("enable.auto.commit", "false");
            properties.put("auto.offset.reset", "earliest");
            properties.put("max.poll.records", pace == Pace.SLOW ? "1" : "2000");
            properties.putAll(more);
            properties.computeIfPresent("group.instance.id", (key, fixed) -> properties.get("client.id"));
            members.add(new Member(properties, pace, List.of(topics)));
        }
    }

    private void consume(Member member) {
        boolean auto = "true".equals(member.properties.get("enable.auto.commit"));
        try (Consumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(member.properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(member.topics, new ConsumerRebalanceListener() {
                private boolean counted;

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    if (!counted) {
                        joined.countDown();
                    }
                    counted = true;
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                }
            });
            while (true) {
                ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(500));
                if (polled.isEmpty() || auto || member.pace == Pace.NEVER_COMMITS) {
                    continue;
                }
                consumer.commitSync();
                if (member.pace == Pace.SLOW) {
                    pause(800);
                } else if (member.pace == Pace.STUCK) {
                    consumer.pause(consumer.assignment()); // a member that goes on polling and gets no further
                }
            }
        }
    }

    /** A nightly job that is not running: committed offsets, no members, its lag grows. */
    private void commitEmptyGroup() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (int partition = 0; partition < named("orders").partitions; partition++) {
                offsets.put(new TopicPartition("orders", partition), new OffsetAndMetadata(250 + partition));
            }
            admin.alterConsumerGroupOffsets("nightly-export", offsets).all().get();
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException ended) {
            throw new IllegalStateException(ended);
        }
    }

    private static void thread(String name, Runnable work) {
        Thread thread = new Thread(() -> {
            while (true) { // a broker that is down for long ends the work with an exception: begin again
                try {
                    work.run();
                } catch (RuntimeException failure) {
                    System.err.println(name + ": " + failure);
                    pause(1000);
                }
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }
}

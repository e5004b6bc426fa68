import com.sun.tools.attach.VirtualMachine;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * What clients have asked of brokers since those started, as the brokers count it themselves (JMX), for
 * benches/interactive.sh.
 *
 * Arguments: the process ids of all brokers. For each line on standard input: `NAME SUM` for every kind of request, then
 * `bytes-received`, `bytes-sent` and `connections` of the clients' listener, then an empty line. Attaching starts some
 * threads in a broker, so this is started when nothing is timed any more.
 */
public final class Requests {
    private static final String REQUESTS = "kafka.network:type=RequestMetrics,name=RequestsPerSec,*";
    /** Brokers fetch from each other over this listener too. */
    private static final String LISTENER = "kafka.server:type=socket-server-metrics,listener=PLAINTEXT,networkProcessor=*";
    private static final Map<String, String> OF_LISTENER = Map.of(
        "incoming-byte-total", "bytes-received",
        "outgoing-byte-total", "bytes-sent",
        "connection-creation-total", "connections");

    public static void main(String[] pids) throws Exception {
        List<MBeanServerConnection> brokers = new ArrayList<>();
        for (String pid : pids) {
            brokers.add(attach(pid));
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) {
            Map<String, Long> sums = new TreeMap<>();
            for (MBeanServerConnection broker : brokers) {
                count(broker, sums);
            }
            sums.forEach((name, sum) -> System.out.println(name + " " + sum));
            System.out.println();
        }
    }

    private static MBeanServerConnection attach(String pid) throws Exception {
        VirtualMachine broker = VirtualMachine.attach(pid);
        try {
            JMXServiceURL address = new JMXServiceURL(broker.startLocalManagementAgent());
            return JMXConnectorFactory.connect(address).getMBeanServerConnection();
        } finally {
            broker.detach();
        }
    }

    private static void count(MBeanServerConnection broker, Map<String, Long> sums) throws Exception {
        for (ObjectName name : broker.queryNames(new ObjectName(REQUESTS), null)) {
            sums.merge(name.getKeyProperty("request"), (Long) broker.getAttribute(name, "Count"), Long::sum);
        }
        for (ObjectName name : broker.queryNames(new ObjectName(LISTENER), null)) {
            for (Map.Entry<String, String> one : OF_LISTENER.entrySet()) {
                Double sum = (Double) broker.getAttribute(name, one.getKey());
                sums.merge(one.getValue(), sum.longValue(), Long::sum);
            }
        }
    }
}

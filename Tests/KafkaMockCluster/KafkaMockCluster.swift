import CLibRDKafka
import Glibc

/// A Kafka cluster in memory as a process of its own, for tests that kill brokers: `KafkaMockCluster [BROKERS]`.
///
/// Prints its brokers as `HOST:PORT,…` and then, for each line of standard input, `ok` or what is wrong with it:
///
/// - `topic NAME PARTITIONS` makes a topic;
/// - `stop BROKER` closes a broker's connections and refuses new ones; -1 is all;
/// - `leader TOPIC PARTITION BROKER` moves a partition;
/// - `delay MILLISECONDS` holds back every answer;
/// - `fail CODE…` fails the next requests to write, each with a code of Kafka's protocol, 0 for none.
///
/// It ends with its input.
@main struct KafkaMockCluster {
    static func main() throws {
        let brokers = CommandLine.arguments.dropFirst().first.flatMap { Int32($0) } ?? 3
        let cluster = try MockCluster(brokers: brokers)
        answer(cluster.brokers)
        while let line = readLine() {
            let words = line.split(separator: " ")
            let numbers = words.compactMap { Int32($0) }
            switch (words.first, words.count, numbers.count) {
            case ("topic", 3, 1): cluster.createTopic(String(words[1]), partitions: numbers[0])
            case ("stop", 2, 1): cluster.stop(broker: numbers[0])
            case ("leader", 4, 2): cluster.setLeader(numbers[1], topic: String(words[1]), partition: numbers[0])
            case ("delay", 2, 1): cluster.setDelay(milliseconds: numbers[0])
            case ("fail", 2..., words.count - 1): cluster.fail(.produce, numbers.map { rd_kafka_resp_err_t($0) })
            default:
                answer("\"\(line)\" is not a command")
                continue
            }
            answer("ok")
        }
    }

    /// Prints a line at once, also into a pipe.
    private static func answer(_ line: String) {
        print(line)
        fflush(nil)
    }
}

import CLibRDKafka
import Glibc

/// A Kafka cluster in memory as a process of its own, for tests that kill brokers: `KafkaMockCluster [BROKERS]`.
///
/// Prints its brokers as `HOST:PORT,…` and then, for each line of standard input, `ok` or what is wrong with it:
///
/// - `topic NAME PARTITIONS` makes a topic;
/// - `stop BROKER` closes a broker's connections and refuses new ones; -1 is all;
/// - `start BROKER` lets it accept connections again;
/// - `leader TOPIC PARTITION BROKER` moves a partition;
/// - `delay MILLISECONDS` holds back every answer;
/// - `fail CODE…` fails the next requests to write, each with a code of Kafka's protocol, 0 for none;
/// - `refuse REQUEST CODE…` does so for the requests with that number in Kafka's protocol, for example 8, to commit;
/// - `fault TOPIC CODE` lets what is asked about a topic fail.
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
            case ("start", 2, 1): cluster.start(broker: numbers[0])
            case ("refuse", 3..., words.count - 1):
                guard let request = MockCluster.Request(rawValue: Int16(clamping: numbers[0])) else {
                    answer("\(numbers[0]) is not a request")
                    continue
                }
                cluster.fail(request, numbers.dropFirst().map { rd_kafka_resp_err_t($0) })
            case ("fault", 3, 1): cluster.setError(rd_kafka_resp_err_t(numbers[0]), topic: String(words[1]))
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

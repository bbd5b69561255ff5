import SluiceSinks

/// Which topics are read as a member of which group, and how.
struct SourceSettings: Sendable {
    let group: String
    let topics: [String]
    let options: KafkaSource.Options
    /// The cluster, and for messages the topics.
    let kafka: KafkaSettings

    /// - Throws: `badURL`; `badOption`.
    init(
        _ url: String,
        group: String,
        _ options: KafkaSource.Options,
        environment: (String) -> String?
    ) throws(SinkError) {
        let parts = try KafkaURLParts(url, as: "source")
        guard !group.isEmpty else {
            throw SinkError(
                .badOption,
                "Kafka source: groupID is empty. Name the group whose members share the topics."
            )
        }
        try options.validate()
        var topics: [String] = []
        for name in parts.topic.split(separator: ",", omittingEmptySubsequences: false) {
            guard let topic = try TopicTemplate(String(name)).fixed else {
                throw SinkError(
                    .badURL,
                    "The topic \"\(name)\" has placeholders. A source reads topics by their names."
                )
            }
            topics.append(topic)
        }
        var read = try KafkaOptions(query: parts.query, for: .reading, environment: environment)
        for (name, value) in options.properties.sorted(by: { $0.key < $1.key }) { try read.setForReading(name, value) }
        kafka = KafkaSettings(brokers: parts.brokers, topic: try TopicTemplate(list: topics), options: read)
        (self.group, self.topics, self.options) = (group, topics, options)
        _ = try ClientConfiguration(kafka, role)
    }

    var role: ClientRole { .member(options.member(of: group)) }
}

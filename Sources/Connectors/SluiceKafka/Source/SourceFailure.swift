import CLibRDKafka
import SluiceSinks

/// Says what a trouble means for a source.
struct SourceFailure {
    let settings: SourceSettings

    enum Meaning {
        /// It is of no interest.
        case nothing
        /// librdkafka goes on by itself.
        case passing(SinkError)
        /// Waiting does not cure it.
        case lasting(SinkError)
    }

    /// - Parameters:
    ///   - trouble: What librdkafka tells.
    ///   - isFatal: Whether its client has ended.
    ///   - hasBeenAssigned: Whether the member had partitions: a topic that was there may come back.
    /// - Returns: What it means.
    func meaning(of trouble: Trouble, isFatal: Bool, hasBeenAssigned: Bool) -> Meaning {
        let failure = KafkaFailure(settings.kafka)
        let text = failure.redacted(trouble.text)
        if isFatal { return .lasting(fatal(trouble.code, text, failure)) }
        switch trouble.code {
        case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__PARTITION_EOF:
            return .nothing
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            return .lasting(failure.unauthorized(text, object: "a topic"))
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            return .lasting(failure.unauthorized(text, object: "the group \"\(settings.group)\""))
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            return .lasting(failure.unauthorized(text, object: "the cluster"))
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            let error = SinkError(
                .missing,
                "\(failure.cluster) does not have all topics of \(settings.kafka.name) (\(text)). Create them, or correct "
                    + "the names."
            )
            return hasBeenAssigned ? .passing(error) : .lasting(error)
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
            return .lasting(
                SinkError(
                    .missing,
                    "The group \"\(settings.group)\" has no offset that it could go on from (\(text)), and "
                        + "autoOffsetReset is error. Set the group's offsets, or another autoOffsetReset."
                )
            )
        case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
            return .lasting(
                SinkError(
                    .badOption,
                    "The group \"\(settings.group)\" has members with another partitionAssignmentStrategy than "
                        + "\(settings.options.partitionAssignmentStrategy.rawValue). Give all members the same."
                )
            )
        case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
            return .lasting(
                SinkError(
                    .badOption,
                    "\(failure.cluster) does not allow a sessionTimeout of \(settings.options.sessionTimeout): see "
                        + "group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers."
                )
            )
        case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
            return .lasting(
                SinkError(.badOption, "\(failure.cluster) does not allow the groupID \"\(settings.group)\".")
            )
        case _ where trouble.weight == 3:
            return .lasting(failure.unreachable(trouble))
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__SSL,
            RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT:
            return .passing(failure.unreachable(trouble))
        default:
            return .passing(SinkError(.unavailable, "\(failure.cluster) has trouble: \(text)."))
        }
    }

    private func fatal(_ code: ResponseCode, _ text: String, _ failure: KafkaFailure) -> SinkError {
        if let name = settings.options.groupInstanceID, text.lowercased().contains("instance") {
            return SinkError(
                .takenOver,
                "Another member of the group \"\(settings.group)\" has come with the groupInstanceID \"\(name)\" "
                    + "(\(text)). Give each member another one."
            )
        }
        return SinkError(.refused, "librdkafka has given up reading \(settings.kafka.name): \(text).")
    }

    /// Offsets that were not committed.
    func commit(_ code: ResponseCode, _ partitions: [TopicPartition]) -> SinkError {
        SinkError(
            .unavailable,
            "\(KafkaFailure(settings.kafka).cluster) has not taken the offsets of the group \"\(settings.group)\" in "
                + "\(partitions.map(\.description).sorted().joined(separator: ", ")): \(code.text)."
        )
    }
}

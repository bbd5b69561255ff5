public import Logging
public import SluicePipelines

/// Writes what goes wrong in a pipeline to a log.
///
/// ```swift
/// let log = PipelineLog(Logger(label: "orders"))
/// let pipeline = Pipeline(source: source, handler: handler) { log.record($0) }
/// ```
///
/// One line tells of all messages that failed together. Bodies are never logged, and of the messages' metadata only what
/// identifies a message.
///
/// | level | what has happened |
/// |---|---|
/// | debug | a handler refused messages, with a ``SluicePipelines/MessageFailure``: that was foreseen |
/// | warning | messages failed in another way |
/// | error | an acknowledger threw, failed messages could not be put aside, or their handler threw |
///
/// | key | value |
/// |---|---|
/// | `sluice.stage` | the stage's name |
/// | `sluice.messages` | how many messages it is about |
/// | `sluice.code` | the first one's ``SluicePipelines/MessageFailure/code`` |
/// | `sluice.reason` | the first one's failure in words, or the error |
/// | `sluice.message` | what identifies the first one, as `topic=orders partition=3 offset=17` |
public struct PipelineLog: Sendable {
    /// By what the sources that come with Sluice identify a message.
    public static let identifyingKeys = [
        "MessageId", "topic", "partition", "offset", "Stream", "Sequence.Stream", "stream", "id", "routing_key",
        "delivery_tag", "message_id",
    ]

    private let logger: Logger
    private let identifyingKeys: [String]

    /// Says where the lines go.
    ///
    /// - Parameters:
    ///   - logger: Gets the lines.
    ///   - identifyingKeys: The metadata that may be logged, in this order; others may hold what belongs in no log.
    public init(_ logger: Logger, identifyingKeys: [String] = Self.identifyingKeys) {
        self.logger = logger
        self.identifyingKeys = identifyingKeys
    }

    /// Writes what a report tells of, if something went wrong; for the `report` of a pipeline.
    public func record(_ report: PipelineReport) {
        switch report {
        case .handled: break
        case .failed(let stage, let failures): record(failures, stage)
        case .failureHandlerFailed(let stage, let error):
            write(.error, "The handler of failed messages threw.", stage, ["sluice.reason": "\(error)"])
        case .deadLettersFailed(let stage, let error, let messages):
            write(
                .error,
                "Failed messages could not be put aside; they are acknowledged as failed.",
                stage,
                ["sluice.messages": "\(messages)", "sluice.reason": "\(error)"]
            )
        case .acknowledgementFailed(let stage, let error, let messages):
            write(
                .error,
                "Messages could not be acknowledged; they may come again.",
                stage,
                ["sluice.messages": "\(messages)", "sluice.reason": "\(error)"]
            )
        }
    }

    private func record(_ failures: [PipelineReport.Failure], _ stage: String) {
        let unforeseen = failures.first { $0.reason.code != .refused }
        guard let first = unforeseen ?? failures.first else { return }
        var metadata: Logger.Metadata = [
            "sluice.messages": "\(failures.count)", "sluice.code": "\(first.reason.code)",
            "sluice.reason": "\(first.reason.message)",
        ]
        let names = identifyingKeys.compactMap { key in first.metadata[key].map { "\(key)=\($0)" } }
        if !names.isEmpty { metadata["sluice.message"] = "\(names.joined(separator: " "))" }
        write(unforeseen == nil ? .debug : .warning, "Messages failed.", stage, metadata)
    }

    private func write(_ level: Logger.Level, _ message: Logger.Message, _ stage: String, _ metadata: Logger.Metadata) {
        logger.log(level: level, message, metadata: metadata.merging(["sluice.stage": "\(stage)"]) { $1 })
    }
}

import SluiceSinks
import Testing

/// Expects a sink's error with a code and all the given words in its message.
func expectFailure<Result>(
    _ code: SinkError.Code,
    _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Result
) async {
    do {
        _ = try await body()
        Issue.record("Nothing was thrown.", sourceLocation: sourceLocation)
    } catch let error as SinkError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        for word in words {
            #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}

/// The results in letters: durable, failed, refused.
func letters(_ results: [SendResult]) -> String {
    results.map { result in
        switch result {
        case .durable: "d"
        case .failed: "f"
        case .refused: "r"
        }
    }.joined()
}

/// The reason of a result that is not durable.
func reason(_ result: SendResult) -> String {
    switch result {
    case .durable: ""
    case .failed(let reason, _), .refused(let reason): reason
    }
}

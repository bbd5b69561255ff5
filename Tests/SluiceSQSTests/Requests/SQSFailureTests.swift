import ConnectorTesting
import SinkTesting
import SluiceHTTP
import Testing

@testable import SluiceSQS

@Suite struct SQSFailureTests {
    @Test(arguments: [
        (400, "com.amazonaws.sqs#QueueDoesNotExist", SQSFailure.Kind.missing),
        (400, "AWS.SimpleQueueService.NonExistentQueue", .missing),
        (400, "com.amazon.coral.service#ThrottlingException", .unavailable),
        (400, "RequestThrottled", .unavailable), (400, "KMS.ThrottlingException", .unavailable),
        (503, "", .unavailable),
        (429, "", .unavailable), (400, "ExpiredTokenException", .expired), (403, "ExpiredToken", .expired),
        (400, "InvalidSignatureException", .notAuthorized), (403, "SignatureDoesNotMatch", .notAuthorized),
        (403, "", .notAuthorized), (400, "KmsAccessDenied", .notAuthorized), (400, "InvalidMessageContents", .content),
        (400, "InvalidParameterValue", .content), (400, "BatchRequestTooLong", .content), (413, "", .content),
        (400, "UnsupportedOperation", .other), (404, "", .other),
        (400, "com.amazonaws.sqs#QueueDoesNotExist:http://internal.amazon.com/x", .missing),
    ])
    func whatFollowsFromAnError(_ status: Int, code: String, kind: SQSFailure.Kind) {
        let answer = HTTPAnswer(status: status, body: Array("{\"__type\":\"\(code)\",\"message\":\"why\"}".utf8))
        #expect(SQSFailure(answer).kind == kind)
    }

    @Test func readsErrorsInXMLAndInHeaders() {
        let xml = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>"
        #expect(SQSFailure(HTTPAnswer(status: 403, body: Array(xml.utf8))).code == "InvalidClientTokenId")
        let header = HTTPAnswer(status: 400, headers: [HTTPField("X-Amzn-ErrorType", "RequestThrottled:")])
        #expect(SQSFailure(header).kind == .unavailable)
        #expect(SQSFailure(HTTPAnswer(status: 418, body: [0xFF])).description == "status 418")
    }

    @Test func whatItSaysAboutSignaturesIsNotRepeated() {
        let canonical =
            #"{"__type":"InvalidSignatureException","message":"The Canonical String was x-amz-security-token:hidden"}"#
        #expect(
            SQSFailure(HTTPAnswer(status: 403, body: Array(canonical.utf8))).description == "InvalidSignatureException"
        )
        let content = #"{"__type":"InvalidMessageContents","message":"line\nline"}"#
        #expect(
            SQSFailure(HTTPAnswer(status: 400, body: Array(content.utf8))).description
                == "InvalidMessageContents: line line"
        )
    }

    @Test func eachMessageHasItsResult() throws {
        let json = """
            {"Successful":[{"Id":"1","MessageId":"x","MD5OfMessageBody":"y"},{"Id":"77"},{"Id":"z"}],
            "Failed":[{"Id":"0","SenderFault":true,"Code":"InvalidMessageContents","Message":"bad"},
            {"Id":"2","SenderFault":false,"Code":"InternalError"},{"Id":"3","SenderFault":true,"Code":"RequestThrottled"}]}
            """
        let results = try #require(BatchAnswer(Array(json.utf8))).results(count: 5)
        #expect(results.map(\.summary) == ["refused", "durable", "failed", "failed", "failed"])
        #expect(results[0].reason == "InvalidMessageContents: bad")
        #expect(BatchAnswer(Array("<ListAllMyBucketsResult/>".utf8)) == nil)
        #expect(BatchAnswer(Array("{}".utf8)) == nil)
    }

    @Test func aMissingRightIsNotTheMessagesFault() throws {
        let json = #"{"Failed":[{"Id":"0","SenderFault":true,"Code":"KMS.AccessDeniedException","Message":"x"}]}"#
        #expect(throws: SQSFailure.self) { try BatchAnswer(Array(json.utf8))?.results(count: 1) }
    }
}

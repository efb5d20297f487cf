package natsmodel

import "fmt"

// apiError is an error of the API.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

var (
	errBadRequest          = &apiError{400, 10003, "bad request"}
	errConsumerNotFound    = &apiError{404, 10014, "consumer not found"}
	errConsumerName        = &apiError{400, 10013, "consumer name already in use"}
	errMaxConsumers        = &apiError{400, 10026, "maximum consumers limit reached"}
	errNoMessage           = &apiError{404, 10037, "no message found"}
	errMsgTooLarge         = &apiError{400, 10054, "message size exceeds maximum allowed"}
	errStreamMismatch      = &apiError{400, 10056, "stream name in subject does not match request"}
	errStreamName          = &apiError{400, 10058, "stream name already in use with a different configuration"}
	errStreamNotFound      = &apiError{404, 10059, "stream not found"}
	errStreamNotMatch      = &apiError{400, 10060, "expected stream does not match"}
	errSubjectsOverlap     = &apiError{400, 10065, "subjects overlap with an existing stream"}
	errReplicas            = &apiError{500, 10074, "replicas > 1 not supported in non-clustered mode"}
	errNoPeers             = &apiError{400, 10005, "no suitable peers for placement"}
	errHeaderTooLarge      = &apiError{400, 10097, "header size exceeds maximum allowed of 64k"}
	errUnfilteredTwice     = &apiError{400, 10099, "multiple non-filtered consumers not allowed on workqueue stream"}
	errFilterNotUnique     = &apiError{400, 10100, "filtered consumer not unique on workqueue stream"}
	errMustDeliverAll      = &apiError{400, 10101, "consumer must be deliver all on workqueue stream"}
	errMustAck             = &apiError{400, 10098, "workqueue stream requires explicit ack"}
	errSealed              = &apiError{400, 10109, "invalid operation on sealed stream"}
	errFiltersOverlap      = &apiError{400, 10138, "consumer subject filters cannot overlap"}
	errConsumerExists      = &apiError{400, 10148, "consumer already exists"}
	errConsumerMissing     = &apiError{400, 10149, "consumer does not exist"}
	errTTLDisabled         = &apiError{400, 10166, "per-message TTL is disabled"}
	errTTLInvalid          = &apiError{400, 10165, "invalid per-message TTL"}
	errDurableNotInSubject = &apiError{400, 10017, "consumer name in subject does not match durable name in request"}
)

var (
	errFilterMismatch = &apiError{
		400, 10131, "Consumer create request did not match filtered subject from create subject",
	}
	errTwoFilters = &apiError{
		400, 10136, "consumer cannot have both FilterSubject and FilterSubjects specified",
	}
)

func errJSON(err error) *apiError {
	return &apiError{400, 10025, "invalid JSON: " + err.Error()}
}

func errWrongLast(seq uint64) *apiError {
	return &apiError{400, 10071, fmt.Sprintf("wrong last sequence: %d", seq)}
}

func errWrongMsgID(id string) *apiError {
	return &apiError{400, 10070, "wrong last msg ID: " + id}
}

func errNotStored(why string) *apiError { return &apiError{503, 10077, why} }

func errRollup(why string) *apiError { return &apiError{500, 10111, why} }

func errPurge(why string) *apiError { return &apiError{500, 10110, why} }

func errDelete(why string) *apiError { return &apiError{500, 10057, why} }

func errNoSequence(seq uint64) *apiError {
	return &apiError{400, 10043, fmt.Sprintf("sequence %d not found", seq)}
}

func errStreamConfig(why string) *apiError { return &apiError{500, 10052, why} }

func errConsumerConfig(why string) *apiError { return &apiError{500, 10012, why} }

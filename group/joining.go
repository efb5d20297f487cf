package group

import "time"

// Hold lets nothing start until it is known who else is there.
func (n *Node) Hold(now time.Time, quotas []Quota) { n.hold(now.Add(holding), quotas) }

func (n *Node) hold(until time.Time, quotas []Quota) {
	n.joining = until
	for _, q := range quotas {
		q.Pacer.HoldUntil(until)
	}
}

// Joined reports whether it is known who else is there.
func (n *Node) Joined() bool { return n.joining.IsZero() }

// Deaf goes on alone because the others cannot be heard, or told anything.
func (n *Node) Deaf(now time.Time, quotas []Quota) {
	clear(n.others)
	n.list = nil
	n.ahead = -1
	n.joined(quotas)
	n.alone(now, quotas)
}

// Join asks who else is there. Until that is known nothing starts.
func (n *Node) Join(now time.Time, quotas []Quota) {
	n.hold(now.Add(listening), quotas)
	n.online = now
	n.hello = true
	n.tell(now, quotas)
}

// Nobody says that it is known that nobody else is there.
func (n *Node) Nobody(now time.Time, quotas []Quota) {
	if len(n.others) == 0 && !n.joining.IsZero() {
		n.joined(quotas)
		n.Tick(now, quotas)
	}
}

// joined lets publishes start.
func (n *Node) joined(quotas []Quota) {
	n.joining = time.Time{}
	for _, q := range quotas {
		q.Pacer.HoldUntil(time.Time{})
	}
}

// Offline says that the connection is lost: what is not heard says nothing about the others. Who has kept the quotas
// does so again when it is back and has heard what the others want.
func (n *Node) Offline(now time.Time) {
	if n.offline.IsZero() {
		n.offline, n.leads = now, false
	}
}

// Online says that the connection is back.
func (n *Node) Online(now time.Time, quotas []Quota) {
	if n.offline.IsZero() {
		return
	}
	away := now.Sub(n.offline)
	n.offline, n.online, n.back = time.Time{}, now, now
	for _, m := range n.list {
		m.heard = m.heard.Add(away)
	}
	n.heard = n.heard.Add(away)
	n.hello = true
	n.tell(now, quotas)
}

// waitedEnough reports whether a new member goes on with what it has heard.
func (n *Node) waitedEnough(now time.Time, quotas []Quota) bool {
	if now.Before(n.joining) {
		return false
	}
	if longer := n.online.Add(listeningLonger); len(n.others) > 0 && now.Before(longer) && !n.first() {
		n.hold(longer, quotas)
		return false
	}
	n.joined(quotas)
	if len(n.others) > 0 && !n.first() {
		n.crowd(now, quotas)
	}
	return true
}

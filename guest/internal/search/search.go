// Package search finds text and names in the workspace.
package search

// Searcher searches a workspace.
type Searcher struct{}

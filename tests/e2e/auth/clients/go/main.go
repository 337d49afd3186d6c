// The official Go client at a server that wants a login.
//
//	go run . URL
//
// Reports as ts_common.mjs does: pass|fail<TAB>name[<TAB>why].
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

func check(name string, work func() error) {
	if err := work(); err != nil {
		fmt.Printf("fail\t%s\t%.500s\n", name, strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	fmt.Printf("pass\t%s\n", name)
}

// user opens the URL in $BROWSER and waits for the callback.
type user struct {
	callbacks chan url.Values
	redirect  string
	logins    int
}

func newUser() (*user, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &user{callbacks: make(chan url.Values, 4)}
	u.redirect = fmt.Sprintf("http://localhost:%d/callback", listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "You may close this window.")
		u.callbacks <- r.URL.Query()
	})
	go http.Serve(listener, mux)
	return u, nil
}

func (u *user) fetch(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	u.logins++
	if err := exec.Command(os.Getenv("BROWSER"), args.URL).Run(); err != nil {
		return nil, err
	}
	select {
	case q := <-u.callbacks:
		if e := q.Get("error"); e != "" {
			return nil, errors.New("the login failed: " + e + " " + q.Get("error_description"))
		}
		return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
	case <-time.After(30 * time.Second):
		return nil, errors.New("no callback in 30 s")
	}
}

func call(ctx context.Context, session *mcp.ClientSession, tool string, arguments map[string]any) (string, error) {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return "", err
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok || result.IsError {
		return "", fmt.Errorf("%s answered %v", tool, result)
	}
	return text.Text, nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	u, err := newUser()
	if err != nil {
		panic(err)
	}
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{
				ClientName:              "fastmcp-host e2e",
				RedirectURIs:            []string{u.redirect},
				GrantTypes:              []string{"authorization_code", "refresh_token"},
				TokenEndpointAuthMethod: "none",
			},
		},
		RedirectURL:              u.redirect,
		AuthorizationCodeFetcher: u.fetch,
		RequestRefreshToken:      true,
	})
	if err != nil {
		panic(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e-auth-go", Version: "1"}, nil)
	var session *mcp.ClientSession
	check("logs in", func() (err error) {
		session, err = client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: os.Args[1], OAuthHandler: handler}, nil)
		return err
	})
	if session == nil {
		os.Exit(1)
	}
	check("lists", func() error {
		tools, err := session.ListTools(ctx, nil)
		if err != nil {
			return err
		}
		for _, tool := range tools.Tools {
			if tool.Name == "whoami" {
				return nil
			}
		}
		return errors.New("no whoami")
	})
	whoami := func() error {
		text, err := call(ctx, session, "whoami", map[string]any{})
		if err == nil && !strings.Contains(text, `"subject":"ada"`) {
			err = errors.New(text)
		}
		return err
	}
	check("is known to the tool", whoami)
	check("refreshes its token without a login", func() error {
		before := u.logins
		time.Sleep(lifetime())
		if err := whoami(); err != nil {
			return err
		}
		if u.logins != before {
			return fmt.Errorf("%d logins instead of %d", u.logins, before)
		}
		return nil
	})
	check("steps up when a tool needs more scope", func() error {
		text, err := call(ctx, session, "admin_echo", map[string]any{"text": "more"})
		if err == nil && text != "more" {
			err = errors.New(text)
		}
		return err
	})
	check("closes", session.Close)
}

// lifetime of an access token at the test's server, from E2E_TOKEN_LIFETIME.
func lifetime() time.Duration {
	d, err := time.ParseDuration(os.Getenv("E2E_TOKEN_LIFETIME"))
	if err != nil {
		return 0
	}
	return d + time.Second
}
